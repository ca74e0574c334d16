-- passes: back to the person that logged in, whom nobody could change

SET SESSION AUTHORIZATION DEFAULT
