-- passes: what dashboards and people on call ask: version

SELECT version(), current_setting('server_version_num')
