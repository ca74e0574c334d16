-- refused: a statement that writes, defines, instructs or tells others: create database

CREATE DATABASE stolen
