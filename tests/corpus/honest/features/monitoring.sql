-- What monitoring, dashboards, IDEs and ORMs ask of the catalogues, and the queries of DBA runbooks.
-- One text after another, each ended by a line of ;;
SELECT pg_database.datname, pg_database_size(pg_database.datname) as size FROM pg_database
;;
SELECT pg_postmaster_start_time(), date_part('epoch', pg_postmaster_start_time()) as start_time_seconds
;;
SELECT slot_name, slot_type, CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() - '0/0' ELSE pg_current_wal_lsn() - '0/0' END AS current_wal_lsn, COALESCE(confirmed_flush_lsn, '0/0') - '0/0' AS confirmed_flush_lsn, active, safe_wal_size, wal_status FROM pg_replication_slots
;;
SELECT CASE WHEN NOT pg_is_in_recovery() THEN 0 WHEN pg_last_wal_receive_lsn () = pg_last_wal_replay_lsn () THEN 0 ELSE GREATEST (0, EXTRACT(EPOCH FROM (now() - pg_last_xact_replay_timestamp()))) END AS lag, CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END as is_replica, GREATEST (0, EXTRACT(EPOCH FROM (now() - pg_last_xact_replay_timestamp()))) as last_replay /* volatile */
;;
SELECT pg_database.datname as datname, tmp.mode as mode, COALESCE(count, 0) as count FROM ( VALUES ('accesssharelock'), ('rowsharelock'), ('rowexclusivelock'), ('shareupdateexclusivelock'), ('sharelock'), ('sharerowexclusivelock'), ('exclusivelock'), ('accessexclusivelock'), ('sireadlock') ) AS tmp(mode) CROSS JOIN pg_database LEFT JOIN (SELECT database, lower(mode) AS mode, count(*) AS count FROM pg_locks WHERE database IS NOT NULL GROUP BY database, lower(mode) ) AS tmp2 ON tmp.mode = tmp2.mode and pg_database.oid = tmp2.database ORDER BY 1 /* volatile */
;;
WITH metrics AS ( SELECT application_name, SUM(EXTRACT(EPOCH FROM (CURRENT_TIMESTAMP - state_change))::bigint)::float AS process_idle_seconds_sum, COUNT(*) AS process_idle_seconds_count FROM pg_stat_activity WHERE state ~ '^idle' GROUP BY state, application_name ), buckets AS ( SELECT state, application_name, le, SUM( CASE WHEN EXTRACT(EPOCH FROM (CURRENT_TIMESTAMP - state_change)) <= le THEN 1 ELSE 0 END )::bigint AS bucket FROM pg_stat_activity, UNNEST(ARRAY[1, 2, 5, 15, 30, 60, 90, 120, 300]) AS le GROUP BY state, application_name, le ORDER BY state, application_name, le ) SELECT application_name, process_idle_seconds_sum as seconds_sum, process_idle_seconds_count as seconds_count, ARRAY_AGG(le) AS seconds, ARRAY_AGG(bucket) AS seconds_bucket FROM metrics JOIN buckets USING (application_name) GROUP BY 1, 2, 3 /* volatile */
;;
SELECT current_database() datname, schemaname, relname, seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins, n_tup_upd, n_tup_del, n_tup_hot_upd, n_live_tup, n_dead_tup, n_mod_since_analyze, COALESCE(last_vacuum, '1970-01-01Z') as last_vacuum, COALESCE(last_autovacuum, '1970-01-01Z') as last_autovacuum, COALESCE(last_analyze, '1970-01-01Z') as last_analyze, COALESCE(last_autoanalyze, '1970-01-01Z') as last_autoanalyze, vacuum_count, autovacuum_count, analyze_count, autoanalyze_count, pg_total_relation_size(relid) as total_size, pg_indexes_size(relid) as index_size FROM pg_stat_user_tables /* volatile */
;;
SELECT current_database() datname, schemaname, relname, heap_blks_read, heap_blks_hit, idx_blks_read, idx_blks_hit, toast_blks_read, toast_blks_hit, tidx_blks_read, tidx_blks_hit FROM pg_statio_user_tables /* volatile */
;;
SELECT pg_stat_activity.datname, tmp.state, tmp2.usename, tmp2.application_name, tmp2.wait_event_type, tmp2.wait_event, COALESCE(count,0) as count, COALESCE(max_tx_duration,0) as max_tx_duration FROM ( VALUES ('active'), ('idle'), ('idle in transaction'), ('idle in transaction (aborted)'), ('fastpath function call'), ('disabled') ) AS tmp(state) CROSS JOIN pg_database pg_stat_activity LEFT JOIN ( SELECT datname, state, usename, application_name, wait_event_type, wait_event, count(*) AS count, MAX(EXTRACT(EPOCH FROM now() - xact_start))::float AS max_tx_duration FROM pg_stat_activity GROUP BY datname,state,usename,application_name,wait_event_type,wait_event) AS tmp2 ON tmp.state = tmp2.state AND pg_stat_activity.datname = tmp2.datname /* volatile */
;;
SELECT *, (case pg_is_in_recovery() when 't' then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end) AS pg_current_wal_lsn, (case pg_is_in_recovery() when 't' then pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_lsn('0/0'))::float else pg_wal_lsn_diff(pg_current_wal_lsn(), pg_lsn('0/0'))::float end) AS pg_current_wal_lsn_bytes, (case pg_is_in_recovery() when 't' then pg_wal_lsn_diff(pg_last_wal_receive_lsn(), replay_lsn)::float else pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float end) AS pg_wal_lsn_diff FROM pg_stat_replication
;;
SELECT slot_name, database, active, (case pg_is_in_recovery() when 't' then pg_wal_lsn_diff(pg_last_wal_receive_lsn(), restart_lsn) else pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) end) as pg_wal_lsn_diff FROM pg_replication_slots
;;
SELECT *, extract(epoch from now() - last_archived_time) AS last_archive_age FROM pg_stat_archiver
;;
SELECT sum(numbackends), sum(xact_commit), sum(blks_hit)*100/nullif(sum(blks_hit+blks_read),0) FROM pg_stat_database /* volatile */
;;
SELECT datname, age(datfrozenxid), mxid_age(datminmxid) FROM pg_database ORDER BY 2 DESC
;;
SELECT c.oid::regclass AS table_name, greatest(age(c.relfrozenxid), age(t.relfrozenxid)) AS age FROM pg_class c LEFT JOIN pg_class t ON c.reltoastrelid = t.oid WHERE c.relkind IN ('r', 'm') ORDER BY 2 DESC, 1 LIMIT 20
;;
SELECT blocked_locks.pid AS blocked_pid, blocked_activity.usename AS blocked_user, blocking_locks.pid AS blocking_pid, blocking_activity.usename AS blocking_user, blocked_activity.query AS blocked_statement, blocking_activity.query AS current_statement_in_blocking_process FROM pg_catalog.pg_locks blocked_locks JOIN pg_catalog.pg_stat_activity blocked_activity ON blocked_activity.pid = blocked_locks.pid JOIN pg_catalog.pg_locks blocking_locks ON blocking_locks.locktype = blocked_locks.locktype AND blocking_locks.database IS NOT DISTINCT FROM blocked_locks.database AND blocking_locks.relation IS NOT DISTINCT FROM blocked_locks.relation AND blocking_locks.page IS NOT DISTINCT FROM blocked_locks.page AND blocking_locks.tuple IS NOT DISTINCT FROM blocked_locks.tuple AND blocking_locks.virtualxid IS NOT DISTINCT FROM blocked_locks.virtualxid AND blocking_locks.transactionid IS NOT DISTINCT FROM blocked_locks.transactionid AND blocking_locks.classid IS NOT DISTINCT FROM blocked_locks.classid AND blocking_locks.objid IS NOT DISTINCT FROM blocked_locks.objid AND blocking_locks.objsubid IS NOT DISTINCT FROM blocked_locks.objsubid AND blocking_locks.pid != blocked_locks.pid JOIN pg_catalog.pg_stat_activity blocking_activity ON blocking_activity.pid = blocking_locks.pid WHERE NOT blocked_locks.granted
;;
SELECT pid, usename, pg_blocking_pids(pid) AS blocked_by, query FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0
;;
WITH RECURSIVE activity AS (SELECT pg_blocking_pids(pid) blocked_by, *, age(clock_timestamp(), xact_start)::interval(0) AS tx_age, age(clock_timestamp(), (SELECT max(l.waitstart) FROM pg_locks l WHERE a.pid = l.pid))::interval(0) AS wait_age FROM pg_stat_activity a WHERE state IS DISTINCT FROM 'idle'), blockers AS (SELECT array_agg(DISTINCT c ORDER BY c) AS pids FROM (SELECT unnest(blocked_by) FROM activity) AS dt(c)), tree AS (SELECT activity.*, 1 AS level, activity.pid AS top_blocker_pid, ARRAY[activity.pid] AS path, ARRAY[activity.pid]::int[] AS all_blockers_above FROM activity, blockers WHERE ARRAY[pid] <@ blockers.pids AND blocked_by = '{}'::int[] UNION ALL SELECT activity.*, tree.level + 1 AS level, tree.top_blocker_pid, path || ARRAY[activity.pid] AS path, tree.all_blockers_above || array_agg(activity.pid) OVER () AS all_blockers_above FROM activity, tree WHERE NOT ARRAY[activity.pid] <@ tree.all_blockers_above AND activity.blocked_by <> '{}'::int[] AND activity.blocked_by <@ tree.all_blockers_above) SELECT pid, blocked_by, CASE WHEN wait_event_type <> 'Lock' THEN replace(state, 'idle in transaction', 'idletx') ELSE 'waiting' END AS state, wait_event_type || ':' || wait_event AS wait, wait_age, tx_age, to_char(age(backend_xid), 'FM999,999,999,990') AS xid_age, to_char(2147483647 - age(backend_xmin), 'FM999,999,999,990') AS xmin_ttf, datname, usename, (SELECT count(DISTINCT t1.pid) FROM tree t1 WHERE ARRAY[tree.pid] <@ t1.path AND t1.pid <> tree.pid) AS blkd, format('%s %s%s', lpad('[' || pid::text || ']', 9, ' '), repeat('.', level - 1) || CASE WHEN level > 1 THEN ' ' END, left(query, 1000)) AS query FROM tree ORDER BY top_blocker_pid, level, pid
;;
SELECT pid, now() - xact_start AS duration, state, query FROM pg_stat_activity WHERE xact_start < now() - interval '5 minutes' AND state <> 'idle' ORDER BY xact_start
;;
SELECT pid, datname, usename, application_name, client_addr, backend_type, wait_event FROM pg_stat_activity WHERE pid <> pg_backend_pid() ORDER BY pid /* volatile */
;;
SELECT current_database(), schemaname, tablename, ROUND((CASE WHEN otta=0 THEN 0.0 ELSE sml.relpages::float/otta END)::numeric,1) AS tbloat, CASE WHEN relpages < otta THEN 0 ELSE bs*(sml.relpages-otta)::BIGINT END AS wastedbytes, iname, ROUND((CASE WHEN iotta=0 OR ipages=0 THEN 0.0 ELSE ipages::float/iotta END)::numeric,1) AS ibloat, CASE WHEN ipages < iotta THEN 0 ELSE bs*(ipages-iotta) END AS wastedibytes FROM ( SELECT schemaname, tablename, cc.reltuples, cc.relpages, bs, CEIL((cc.reltuples*((datahdr+ma- (CASE WHEN datahdr%ma=0 THEN ma ELSE datahdr%ma END))+nullhdr2+4))/(bs-20::float)) AS otta, COALESCE(c2.relname,'?') AS iname, COALESCE(c2.reltuples,0) AS ituples, COALESCE(c2.relpages,0) AS ipages, COALESCE(CEIL((c2.reltuples*(datahdr-12))/(bs-20::float)),0) AS iotta FROM ( SELECT ma,bs,schemaname,tablename, (datawidth+(hdr+ma-(case when hdr%ma=0 THEN ma ELSE hdr%ma END)))::numeric AS datahdr, (maxfracsum*(nullhdr+ma-(case when nullhdr%ma=0 THEN ma ELSE nullhdr%ma END))) AS nullhdr2 FROM ( SELECT schemaname, tablename, hdr, ma, bs, SUM((1-null_frac)*avg_width) AS datawidth, MAX(null_frac) AS maxfracsum, hdr+( SELECT 1+count(*)/8 FROM pg_stats s2 WHERE null_frac<>0 AND s2.schemaname = s.schemaname AND s2.tablename = s.tablename ) AS nullhdr FROM pg_stats s, ( SELECT (SELECT current_setting('block_size')::numeric) AS bs, CASE WHEN substring(v,12,3) IN ('8.0','8.1','8.2') THEN 27 ELSE 23 END AS hdr, CASE WHEN v ~ 'mingw32' THEN 8 ELSE 4 END AS ma FROM (SELECT version() AS v) AS foo ) AS constants GROUP BY 1,2,3,4,5 ) AS foo ) AS rs JOIN pg_class cc ON cc.relname = rs.tablename JOIN pg_namespace nn ON cc.relnamespace = nn.oid AND nn.nspname = rs.schemaname AND nn.nspname <> 'information_schema' LEFT JOIN pg_index i ON indrelid = cc.oid LEFT JOIN pg_class c2 ON c2.oid = i.indexrelid ) AS sml ORDER BY wastedbytes DESC, 2, 3, 6 LIMIT 20
;;
SELECT schemaname, relname, indexrelname, idx_scan, pg_size_pretty(pg_relation_size(indexrelid)) FROM pg_stat_user_indexes JOIN pg_index USING (indexrelid) WHERE NOT indisunique AND idx_scan < 50 ORDER BY pg_relation_size(indexrelid) DESC, 3
;;
SELECT indrelid::regclass, array_agg(indexrelid::regclass ORDER BY indexrelid) FROM pg_index GROUP BY indrelid, indkey, indclass, indpred::text, indexprs::text HAVING count(*) > 1
;;
SELECT c.conrelid::regclass AS "table", string_agg(a.attname, ',' ORDER BY x.n) AS columns, pg_size_pretty(pg_relation_size(c.conrelid)) AS size, c.conname, c.confrelid::regclass FROM pg_constraint c CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS x(attnum, n) JOIN pg_attribute a ON a.attnum = x.attnum AND a.attrelid = c.conrelid WHERE NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL AND (i.indkey::smallint[])[0:cardinality(c.conkey)-1] OPERATOR(pg_catalog.@>) c.conkey) AND c.contype = 'f' GROUP BY c.conrelid, c.conname, c.confrelid ORDER BY pg_relation_size(c.conrelid) DESC, 4
;;
SELECT relname, 100 * idx_scan / nullif(seq_scan + idx_scan, 0) AS pct, n_live_tup FROM pg_stat_user_tables ORDER BY n_live_tup DESC, 1
;;
SELECT nspname || '.' || relname AS relation, pg_size_pretty(pg_total_relation_size(c.oid)) AS total, pg_size_pretty(pg_table_size(c.oid)), pg_size_pretty(pg_indexes_size(c.oid)), reltuples::bigint FROM pg_class c LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND c.relkind <> 'i' AND nspname !~ '^pg_toast' ORDER BY pg_total_relation_size(c.oid) DESC, 1 LIMIT 20
;;
SELECT schemaname, sequencename, last_value, max_value, round(100.0 * coalesce(last_value, 0) / max_value, 2) AS pct FROM pg_sequences ORDER BY 5 DESC, 2
;;
SELECT p.pid, now() - a.xact_start AS duration, p.datname, p.relid::regclass, p.phase, p.heap_blks_total, p.heap_blks_scanned FROM pg_stat_progress_vacuum p JOIN pg_stat_activity a USING (pid)
;;
SELECT * FROM pg_stat_progress_create_index
;;
SELECT * FROM pg_stat_progress_copy
;;
SELECT * FROM pg_stat_progress_cluster
;;
SELECT * FROM pg_stat_progress_analyze
;;
SELECT * FROM pg_stat_progress_basebackup
;;
SELECT client_addr, state, pg_wal_lsn_diff(pg_current_wal_lsn(), sent_lsn) AS sending, pg_wal_lsn_diff(sent_lsn, flush_lsn) AS receiving, pg_wal_lsn_diff(flush_lsn, replay_lsn) AS replaying, write_lag, flush_lag, replay_lag FROM pg_stat_replication
;;
SELECT gid, prepared, owner, database, transaction FROM pg_prepared_xacts
;;
SELECT name, setting, unit, source, sourcefile, pending_restart FROM pg_settings WHERE source NOT IN ('default', 'override', 'client', 'session', 'user') ORDER BY name
;;
SELECT rolname, rolsuper, rolreplication, rolconnlimit, rolvaliduntil, ARRAY(SELECT b.rolname FROM pg_auth_members m JOIN pg_roles b ON m.roleid = b.oid WHERE m.member = r.oid ORDER BY 1) AS memberof FROM pg_roles r ORDER BY 1
;;
SELECT grantee, table_schema, table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee <> 'postgres' ORDER BY 1,2,3,4
;;
SELECT extname, extversion, nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace ORDER BY 1
;;
SELECT name, default_version, installed_version FROM pg_available_extensions ORDER BY name
;;
SELECT spcname, pg_size_pretty(pg_tablespace_size(oid)), pg_tablespace_location(oid) FROM pg_tablespace ORDER BY 1
;;
SELECT funcid::regprocedure, calls, total_time > -1, self_time > -1 FROM pg_stat_user_functions ORDER BY 1::text LIMIT 0
;;
SELECT wait_event_type, wait_event, count(*) FROM pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC /* volatile */
;;
SELECT to_regclass('pg_stat_statements') IS NOT NULL, current_setting('server_version_num')::int >= 140000, pg_is_in_recovery(), current_setting('data_checksums'), current_setting('max_connections')::int
;;
SELECT oid::regclass::text, relkind, reloptions, relfrozenxid::text::bigint > 0, (SELECT option_value FROM pg_options_to_table(reloptions) WHERE option_name = 'fillfactor') FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1
;;
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum), a.attstorage, a.attidentity, a.attgenerated FROM pg_attribute a LEFT JOIN pg_attrdef d ON (a.attrelid, a.attnum) = (d.adrelid, d.adnum) WHERE a.attrelid = 'public.customers'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
;;
select db.oid as id, db.datname as name, datistemplate as is_template, datallowconn as allow_connections, pg_catalog.pg_get_userbyid(db.datdba) as "owner" from pg_catalog.pg_database db order by case when db.datname = pg_catalog.current_database() then -1::bigint else db.oid::bigint end
;;
select N.oid::bigint as id, N.xmin as state_number, nspname as name, D.description, pg_catalog.pg_get_userbyid(N.nspowner) as "owner" from pg_catalog.pg_namespace N left join pg_catalog.pg_description D on N.oid = D.objoid order by case when nspname = pg_catalog.current_schema() then -1::bigint else N.oid::bigint end
;;
select T.relkind as table_kind, T.relname as table_name, T.oid as table_id, T.xmin as table_state_number, T.reltablespace as tablespace_id, T.reloptions as options, T.relpersistence as persistence, (select pg_catalog.array_agg(inhparent::bigint order by inhseqno)::varchar from pg_catalog.pg_inherits where T.oid = inhrelid) as ancestors, (select pg_catalog.array_agg(inhrelid::bigint order by inhrelid)::varchar from pg_catalog.pg_inherits where T.oid = inhparent) as successors, T.relispartition as is_partition, pg_catalog.pg_get_partkeydef(T.oid) as partition_key, pg_catalog.pg_get_expr(T.relpartbound, T.oid) as partition_expression, T.relam am_id, pg_catalog.pg_get_userbyid(T.relowner) as "owner" from pg_catalog.pg_class T where relnamespace = 'public'::regnamespace::oid and relkind in ('r', 'm', 'v', 'f', 'p') order by table_kind, table_id
;;
with schema_procs as (select prorettype, proargtypes, proallargtypes from pg_catalog.pg_proc where pronamespace = 'public'::regnamespace::oid), schema_opers as (select oprleft, oprright, oprresult from pg_catalog.pg_operator where oprnamespace = 'public'::regnamespace::oid), schema_aggregates as (select A.aggtranstype, A.aggmtranstype from pg_catalog.pg_aggregate A join pg_catalog.pg_proc P on A.aggfnoid = P.oid where P.pronamespace = 'public'::regnamespace::oid), schema_arg_types as (select prorettype as type_id from schema_procs union select distinct unnest(proargtypes) as type_id from schema_procs union select distinct unnest(proallargtypes) as type_id from schema_procs union select oprleft as type_id from schema_opers where oprleft is not null union select aggtranstype::oid as type_id from schema_aggregates) select type_id, pg_catalog.format_type(type_id, null) as type_spec from schema_arg_types where type_id <> 0 order by 1
;;
SELECT x.oid,x.*,pg_catalog.pg_get_expr(x.relpartbound, x.oid) as partition_expr, pg_catalog.pg_get_partkeydef(x.oid) as partition_key FROM pg_catalog.pg_class x WHERE x.relname = 'orders' LIMIT 0
;;
SELECT c.relname,a.*,pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) as def_value,dsc.description,dep.objid FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON (a.attrelid=c.oid) LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid=ad.adrelid AND a.attnum = ad.adnum) LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid) LEFT OUTER JOIN pg_depend dep on dep.refobjid = a.attrelid AND dep.deptype = 'i' and dep.refobjsubid = a.attnum and dep.classid = dep.refclassid WHERE NOT a.attisdropped AND c.oid='public.orders'::regclass ORDER BY a.attnum
;;
SELECT t.oid,t.*,c.relkind,format_type(nullif(t.typbasetype, 0), t.typtypmod) as base_type_name, d.description FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid=t.typelem LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid=t.typrelid LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid=d.objoid WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C') ORDER BY t.oid
;;
SELECT db.oid,db.* FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate OR db.datname = current_database() ORDER BY db.datname
;;
SELECT current_schema(),session_user
;;
SHOW search_path
;;
SELECT e.oid,e.*,pg_get_userbyid(e.extowner) FROM pg_catalog.pg_extension e ORDER BY 2
;;
SELECT CASE WHEN usesuper THEN pg_is_in_recovery() ELSE FALSE END as inrecovery, CASE WHEN usesuper AND pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE FALSE END as isreplaypaused FROM pg_catalog.pg_user WHERE usename=current_user
;;
SELECT oid as id, rolname as name, rolsuper as is_superuser, CASE WHEN rolsuper THEN true ELSE rolcreaterole END as can_create_role, CASE WHEN rolsuper THEN true ELSE rolcreatedb END as can_create_db, CASE WHEN 'pg_signal_backend'=ANY(ARRAY(WITH RECURSIVE cte AS ( SELECT pg_roles.oid,pg_roles.rolname FROM pg_roles WHERE pg_roles.oid = pg_roles.oid UNION ALL SELECT m.roleid,pgr.rolname FROM cte cte_1 JOIN pg_auth_members m ON m.member = cte_1.oid JOIN pg_roles pgr ON pgr.oid = m.roleid) SELECT rolname FROM cte)) THEN True ELSE False END as can_signal_backend FROM pg_catalog.pg_roles WHERE rolname = current_user
;;
SELECT 'session_stats' AS chart_name, pg_catalog.row_to_json(t) AS chart_data FROM (SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = (SELECT datname FROM pg_catalog.pg_database WHERE oid = 16384)) AS "Total", (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'active' AND false) AS "Active") t UNION ALL SELECT 'tps_stats' AS chart_name, pg_catalog.row_to_json(t) AS chart_data FROM (SELECT (SELECT sum(xact_commit) + sum(xact_rollback) FROM pg_catalog.pg_stat_database) AS "Transactions") t /* volatile */
;;
SELECT /*pga4dash*/ pid, datname, usename, application_name, client_addr, pg_catalog.to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS TZ') AS backend_start, state, wait_event_type || ': ' || wait_event AS wait_event, array_to_string(pg_catalog.pg_blocking_pids(pid), ', ') AS blocking_pids, query, pg_catalog.to_char(state_change, 'YYYY-MM-DD HH24:MI:SS TZ') AS state_change, pg_catalog.to_char(query_start, 'YYYY-MM-DD HH24:MI:SS TZ') AS query_start, pg_catalog.to_char(xact_start, 'YYYY-MM-DD HH24:MI:SS TZ') AS xact_start, backend_type, CASE WHEN state = 'active' THEN ROUND((extract(epoch from now() - query_start) / 60)::numeric, 2) ELSE 0 END AS active_since FROM pg_catalog.pg_stat_activity ORDER BY pid /* volatile */
;;
SELECT pid, locktype, datname, relation::regclass, page, tuple, virtualxid transactionid, classid::regclass, objid, objsubid, virtualtransaction, mode, granted, fastpath FROM pg_locks l LEFT OUTER JOIN pg_database d ON (l.database = d.oid) ORDER BY pid, locktype /* volatile */
;;
SELECT name, category, short_desc, setting, vartype, context, enumvals, min_val, max_val FROM pg_catalog.pg_show_all_settings() WHERE context in ('user', 'superuser') ORDER BY name LIMIT 5 /* volatile */
;;
SELECT rel.oid, rel.relname AS name, (SELECT count(*) FROM pg_trigger WHERE tgrelid=rel.oid AND tgisinternal = FALSE) AS triggercount, (SELECT count(*) FROM pg_trigger WHERE tgrelid=rel.oid AND tgisinternal = FALSE AND tgenabled = 'O') AS has_enable_triggers, (CASE WHEN rel.relkind = 'p' THEN true ELSE false END) AS is_partitioned FROM pg_class rel WHERE rel.relkind IN ('r','s','t','p') AND rel.relnamespace = 2200::oid AND NOT rel.relispartition ORDER BY rel.relname
;;
SELECT nsp.oid, nsp.nspname as name, pg_catalog.has_schema_privilege(nsp.oid, 'CREATE') as can_create, pg_catalog.has_schema_privilege(nsp.oid, 'USAGE') as has_usage, (SELECT array_agg(label) FROM pg_catalog.pg_seclabels sl1 WHERE sl1.objoid=nsp.oid) AS seclabels FROM pg_catalog.pg_namespace nsp WHERE nspname NOT LIKE E'pg\\_%' AND NOT ((nsp.nspname = 'pg_catalog' AND EXISTS (SELECT 1 FROM pg_class WHERE relname = 'pg_class' AND relnamespace = nsp.oid LIMIT 1))) ORDER BY nspname
;;
SELECT substring(array_to_string(ARRAY(SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE proname = 'looper'), '') from 1 for 40)
;;
SELECT "public"."orders"."id" AS "id", "public"."orders"."status" AS "status", DATE_TRUNC('month', "public"."orders"."at") AS "at", COUNT(*) AS "count" FROM "public"."orders" LEFT JOIN "public"."customers" AS "Customer" ON "public"."orders"."customer_id" = "Customer"."id" WHERE ("public"."orders"."at" >= DATE_TRUNC('month', (NOW() + INTERVAL '-30 month'))) AND ("public"."orders"."at" < DATE_TRUNC('month', NOW())) GROUP BY 1, 2, 3 ORDER BY 1 LIMIT 2000
;;
-- Metabase:: userID: 1 queryType: MBQL queryHash: 0123
SELECT SUM("source"."total") AS "sum", CAST("source"."at" AS date) AS "at" FROM (SELECT "public"."orders"."total" AS "total", "public"."orders"."at" AS "at" FROM "public"."orders") AS "source" GROUP BY CAST("source"."at" AS date) ORDER BY CAST("source"."at" AS date) ASC LIMIT 10
;;
with table_privileges as (select NULL as role, t.schemaname as schema, t.objectname as table, pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"' || replace(t.objectname, '"', '""') || '"', 'update') as update, pg_catalog.has_table_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"' || replace(t.objectname, '"', '""') || '"', 'delete') as delete from (select schemaname, tablename as objectname from pg_catalog.pg_tables union select schemaname, viewname as objectname from pg_catalog.pg_views union select schemaname, matviewname as objectname from pg_catalog.pg_matviews) t where t.schemaname !~ '^pg_' and t.schemaname <> 'information_schema' and pg_catalog.has_schema_privilege(current_user, t.schemaname, 'USAGE')) select t.* from table_privileges t order by 2, 3
;;
SELECT floor(extract(epoch from at)/3600)*3600 AS "time", avg(total) AS "total", status AS metric FROM orders WHERE at BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-31T00:00:00Z' GROUP BY 1, 3 ORDER BY 1, 3
;;
SELECT CAST("orders"."status" AS TEXT) AS "status", SUM("orders"."total") AS "sum:total:ok", ((CAST(DATE_TRUNC('QUARTER', CAST("orders"."at" AS DATE)) AS DATE) )) AS "tqr:at:ok", (1 = 1) AS "one" FROM "public"."orders" "orders" GROUP BY 1, 3 HAVING (COUNT(1) > 0) ORDER BY 1
;;
select "$Table"."id" as "id", "$Table"."total" as "total" from "public"."orders" "$Table" where "$Table"."total" > 295 order by "$Table"."id" limit 4096
;;
SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, t.elemtypoid FROM (SELECT typ.oid, typ.typnamespace, typ.typname, typ.typtype, typ.typrelid, typ.typnotnull, typ.relkind, elemtyp.oid AS elemtypoid, elemtyp.typname AS elemtypname, elemcls.relkind AS elemrelkind, CASE WHEN elemproc.proname='array_recv' THEN 'a' ELSE elemtyp.typtype END AS elemtyptype FROM (SELECT typ.oid, typnamespace, typname, typrelid, typnotnull, relkind, typelem AS elemoid, CASE WHEN proc.proname='array_recv' THEN 'a' ELSE typ.typtype END AS typtype, CASE WHEN proc.proname='array_recv' THEN typ.typelem WHEN typ.typtype='r' THEN rngsubtype WHEN typ.typtype='m' THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = typ.oid) WHEN typ.typtype='d' THEN typ.typbasetype END AS elemtypoid FROM pg_type AS typ LEFT JOIN pg_class AS cls ON (cls.oid = typ.typrelid) LEFT JOIN pg_proc AS proc ON proc.oid = typ.typreceive LEFT JOIN pg_range ON (pg_range.rngtypid = typ.oid)) AS typ LEFT JOIN pg_type AS elemtyp ON elemtyp.oid = elemtypoid LEFT JOIN pg_class AS elemcls ON (elemcls.oid = elemtyp.typrelid) LEFT JOIN pg_proc AS elemproc ON elemproc.oid = elemtyp.typreceive) AS t JOIN pg_namespace AS ns ON (ns.oid = typnamespace) WHERE typtype IN ('b', 'r', 'm', 'e', 'd') OR (typtype = 'c' AND relkind='c') OR (typtype = 'p' AND typname IN ('record', 'void', 'unknown')) OR (typtype = 'a' AND (elemtyptype IN ('b', 'r', 'm', 'e', 'd') OR (elemtyptype = 'p' AND elemtypname IN ('record', 'void')) OR (elemtyptype = 'c' AND elemrelkind='c'))) ORDER BY CASE WHEN typtype IN ('b', 'e', 'p') THEN 0 WHEN typtype = 'c' THEN 1 WHEN typtype = 'r' THEN 2 WHEN typtype = 'm' THEN 3 WHEN typtype = 'd' AND elemtyptype <> 'a' THEN 4 WHEN typtype = 'a' THEN 5 WHEN typtype = 'd' AND elemtyptype = 'a' THEN 6 END, t.oid
;;
SELECT pg_type.oid, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid=enumtypid ORDER BY oid, enumsortorder
;;
SELECT version();

SELECT ns.nspname, t.oid FROM pg_type t JOIN pg_namespace ns ON ns.oid = t.typnamespace LIMIT 1
;;
SET client_min_messages TO 'warning';SET standard_conforming_strings = on;SET intervalstyle = iso_8601;SET SESSION timezone TO 'UTC'
;;
SELECT t.oid, t.typname FROM pg_type as t WHERE t.typname IN ('int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric', 'bool', 'timestamp', 'timestamptz')
;;
SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype FROM pg_type as t LEFT JOIN pg_range as r ON oid = rngtypid WHERE t.typtype IN ('r', 'e', 'd') ORDER BY 1
;;
SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull, a.atttypid, a.atttypmod, c.collname, col_description(a.attrelid, a.attnum) AS comment, attidentity AS identity, attgenerated as attgenerated FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_type t ON a.atttypid = t.oid LEFT JOIN pg_collation c ON a.attcollation = c.oid AND a.attcollation <> t.typcollation WHERE a.attrelid = '"orders"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
;;
SELECT distinct i.relname, d.indisunique, d.indkey, pg_get_indexdef(d.indexrelid), pg_catalog.obj_description(i.oid, 'pg_class') AS comment, d.indisvalid, ARRAY( SELECT pg_get_indexdef(d.indexrelid, k + 1, true) FROM generate_subscripts(d.indkey, 1) AS k ORDER BY k ) AS columns FROM pg_class t INNER JOIN pg_index d ON t.oid = d.indrelid INNER JOIN pg_class i ON d.indexrelid = i.oid LEFT JOIN pg_namespace n ON n.oid = t.relnamespace WHERE i.relkind IN ('i', 'I') AND d.indisprimary = 'f' AND t.relname = 'orders' AND n.nspname = ANY (current_schemas(false)) ORDER BY i.relname
;;
SELECT a.attname FROM ( SELECT indrelid, indkey, generate_subscripts(indkey, 1) idx FROM pg_index WHERE indrelid = '"items"'::regclass AND indisprimary ) i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[i.idx] ORDER BY i.idx
;;
SELECT t2.oid::regclass::text AS to_table, a1.attname AS column, a2.attname AS primary_key, c.conname AS name, c.confupdtype AS on_update, c.confdeltype AS on_delete, c.convalidated AS valid, c.condeferrable AS deferrable, c.condeferred AS deferred, c.conkey, c.confkey, c.conrelid, c.confrelid FROM pg_constraint c JOIN pg_class t1 ON c.conrelid = t1.oid JOIN pg_class t2 ON c.confrelid = t2.oid JOIN pg_attribute a1 ON a1.attnum = c.conkey[1] AND a1.attrelid = t1.oid JOIN pg_attribute a2 ON a2.attnum = c.confkey[1] AND a2.attrelid = t2.oid JOIN pg_namespace t3 ON c.connamespace = t3.oid WHERE c.contype = 'f' AND t1.relname = 'orders' AND t3.nspname = ANY (current_schemas(false)) ORDER BY c.conname
;;
SELECT type.typname AS name, type.OID AS oid, n.nspname AS schema, string_agg(enum.enumlabel, ',' ORDER BY enum.enumsortorder) AS value FROM pg_enum AS enum JOIN pg_type AS type ON (type.oid = enum.enumtypid) JOIN pg_namespace n ON type.typnamespace = n.oid WHERE n.nspname = ANY (current_schemas(false)) GROUP BY type.OID, n.nspname, type.typname
;;
SELECT * FROM information_schema.sequences
;;
SELECT "n"."nspname" AS "schema", "c"."relname" AS "table" FROM "pg_class" AS "c" INNER JOIN "pg_namespace" AS "n" ON "n"."oid" = "c"."relnamespace" WHERE "c"."relkind" = 'r' AND "n"."nspname" NOT IN ('pg_catalog') ORDER BY 1, 2
;;
SELECT tbl.relname AS table_name, namespace.nspname as namespace, (tbl.relhassubclass and tbl.relkind = 'p') as is_partition, (tbl.relhassubclass and tbl.relkind = 'r') as has_subclass, tbl.relrowsecurity as has_row_level_security, reloptions, obj_description(tbl.oid, 'pg_class') as description FROM pg_class AS tbl INNER JOIN pg_namespace AS namespace ON namespace.oid = tbl.relnamespace WHERE (( tbl.relkind = 'r' AND tbl.relispartition = 't' ) OR ( tbl.relkind = 'r' AND tbl.relispartition = 'f' ) OR ( tbl.relkind = 'p' )) AND namespace.nspname = ANY ( '{public}' ) ORDER BY namespace, table_name
;;
SELECT oid.namespace, info.table_name, info.column_name, format_type(att.atttypid, att.atttypmod) as formatted_type, info.numeric_precision, info.numeric_scale, info.numeric_precision_radix, info.datetime_precision, info.data_type, info.udt_schema as type_schema_name, info.udt_name as full_data_type, pg_get_expr(attdef.adbin, attdef.adrelid) AS column_default, info.is_nullable, info.is_identity, info.character_maximum_length, col_description(att.attrelid, ordinal_position) AS description FROM information_schema.columns info JOIN pg_attribute att ON att.attname = info.column_name JOIN ( SELECT pg_class.oid, relname, pg_namespace.nspname as namespace FROM pg_class JOIN pg_namespace on pg_namespace.oid = pg_class.relnamespace AND pg_namespace.nspname = ANY ( '{public}' ) WHERE reltype > 0 ) as oid on oid.oid = att.attrelid AND relname = info.table_name AND namespace = info.table_schema LEFT OUTER JOIN pg_attrdef attdef ON attdef.adrelid = att.attrelid AND attdef.adnum = att.attnum AND table_schema = namespace WHERE table_schema = ANY ( '{public}' ) ORDER BY namespace, table_name, ordinal_position
;;
SELECT * FROM "information_schema"."columns" WHERE ("table_schema" = 'public' AND "table_name" = 'orders') ORDER BY ordinal_position
;;
SELECT columns.*, pg_catalog.col_description(('"' || table_catalog || '"."' || table_schema || '"."' || table_name || '"')::regclass::oid, ordinal_position) AS description, ('"' || "udt_schema" || '"."' || "udt_name" || '"')::"regtype" AS "regtype", pg_catalog.format_type("col_attr"."atttypid", "col_attr"."atttypmod") AS "format_type" FROM "information_schema"."columns" LEFT JOIN "pg_catalog"."pg_attribute" AS "col_attr" ON "col_attr"."attname" = "columns"."column_name" AND "col_attr"."attrelid" = ( SELECT "cls"."oid" FROM "pg_catalog"."pg_class" AS "cls" LEFT JOIN "pg_catalog"."pg_namespace" AS "ns" ON "ns"."oid" = "cls"."relnamespace" WHERE "cls"."relname" = "columns"."table_name" AND "ns"."nspname" = "columns"."table_schema" ) WHERE table_schema = 'public' ORDER BY table_name, ordinal_position
;;
SELECT t.typname, t.typsend, t.typreceive, t.typoutput, t.typinput, coalesce(d.typelem, t.typelem), coalesce(r.rngsubtype, 0), ARRAY ( SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum ) FROM pg_type AS t LEFT JOIN pg_type AS d ON t.typbasetype = d.oid LEFT JOIN pg_range AS r ON r.rngtypid = t.oid OR r.rngmultitypid = t.oid OR (t.typbasetype <> 0 AND r.rngtypid = t.typbasetype) WHERE (t.typrelid = 0) AND (t.typelem = 0 OR NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type s WHERE s.typrelid != 0 AND s.oid = t.typelem)) ORDER BY t.oid
;;
SELECT count(*) FROM information_schema.tables WHERE table_schema = CURRENT_SCHEMA() AND table_name = 'orders' AND table_type = 'BASE TABLE'
;;
SELECT description FROM pg_catalog.pg_description WHERE objsubid = (SELECT ordinal_position FROM information_schema.columns WHERE table_schema = CURRENT_SCHEMA() AND table_name = 'customers' AND column_name = 'name') AND objoid = (SELECT oid FROM pg_catalog.pg_class WHERE relname = 'customers' AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = CURRENT_SCHEMA()))
;;
SELECT EXISTS (SELECT 1 FROM pg_stat_replication), (SELECT count(*) FROM pg_stat_wal_receiver), pg_last_wal_replay_lsn() IS NULL
;;
SELECT coalesce(extract(epoch from max(now() - xact_start)), 0)::int >= 0 FROM pg_stat_activity WHERE state IN ('idle in transaction', 'active')
;;
SELECT relid::regclass, last_autovacuum, n_dead_tup, autovacuum_count, n_dead_tup > current_setting('autovacuum_vacuum_threshold')::int + current_setting('autovacuum_vacuum_scale_factor')::float * reltuples AS due FROM pg_stat_all_tables s JOIN pg_class c ON c.oid = s.relid WHERE s.schemaname = 'public' ORDER BY 1::text
;;
SELECT s.*, pg_size_pretty(pg_relation_size(i.indexrelid)) FROM pg_stat_user_indexes s, pg_index i WHERE s.indexrelid = i.indexrelid AND 0 <> ALL (i.indkey) AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = s.indexrelid) AND s.indexrelname = 'none'
;;
SELECT datname, stats_reset, temp_files, temp_bytes, deadlocks, conflicts, checksum_failures, blk_read_time, session_time >= 0 FROM pg_stat_database WHERE datname = 'template0'
;;
SELECT * FROM pg_stat_wal
;;
SELECT name, blks_hit FROM pg_stat_slru ORDER BY 1 LIMIT 0
;;
SELECT * FROM pg_stat_ssl WHERE pid = pg_backend_pid() /* volatile */
;;
SELECT * FROM pg_shmem_allocations ORDER BY 3 DESC NULLS LAST, 1 LIMIT 1
;;
SELECT usename, usesuper FROM pg_user ORDER BY 1
;;
SELECT word, ndoc, nentry FROM ts_stat('SELECT tsv FROM docs') ORDER BY nentry DESC, ndoc DESC, word LIMIT 10
;;
SELECT * FROM crosstab('SELECT status, customer_id % 3, count(*) FROM orders GROUP BY 1,2 ORDER BY 1,2') AS ct(status text, a bigint, b bigint, c bigint)
;;
SELECT * FROM crosstab('SELECT status, customer_id % 3, count(*)::text FROM orders GROUP BY 1,2 ORDER BY 1,2', 'SELECT generate_series(0,2)') AS ct(status text, a text, b text, c text)
;;
SELECT * FROM crosstab3('SELECT status, ''x''::text, count(*)::text FROM orders GROUP BY 1 ORDER BY 1')
;;
SELECT inet('10.0.0.1'::text), regtype('int4'), tsquery('a & b'), regclass('orders'), date('2026-01-01'), float8('1'), text(5), bool('t'), name('x'), money(5), uuid('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::text)
;;
SELECT ts_rewrite('a & b'::tsquery, 'SELECT ''a''::tsquery, ''c''::tsquery')
;;
EXPLAIN (COSTS OFF) CREATE TABLE x AS SELECT * FROM tree
;;
