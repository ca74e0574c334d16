-- Every family of built-in functions, and those of the contrib extensions.
-- One text after another, each ended by a line of ;;
SELECT length('añb'), char_length('x'), octet_length('é'), bit_length('a'), lower('ÀB'), upper('ß'), initcap('hello world'), reverse('abc'), repeat('ab', 3), lpad('7', 3, '0'), rpad('7', 3)
;;
SELECT substring('Thomas' from 2 for 3), substring('Thomas' from '...$'), substring('Thomas' similar '%#"o_a#"_' escape '#'), substr('alphabet', 3, 2), overlay('Txxxxas' placing 'hom' from 2 for 4), position('om' in 'Thomas'), strpos('high','ig')
;;
SELECT trim(both 'x' from 'xTomxx'), trim(leading from '  a'), trim(trailing 'x' from 'ax'), btrim('xyTRIMyx','xy'), ltrim('zzzytest','xyz'), rtrim('testxxzx','xyz')
;;
SELECT format('Hello %s, %1$I %L', 'World', 'x y'), concat('a', 1, NULL, true), concat_ws(',', 'a', NULL, 'b'), quote_ident('Foo bar'), quote_literal(E'O\'Reilly'), quote_nullable(NULL)
;;
SELECT regexp_match('foobarbequebaz', '(bar)(beque)'), regexp_replace('Thomas', '.[mN]a.', 'M'), regexp_split_to_array('hello world', '\s+'), regexp_matches('abcabc', 'b.', 'g')
;;
SELECT regexp_split_to_table('a b c', ' '), string_to_array('a,b,,c', ',', ''), string_to_table('a,b', ','), array_to_string(ARRAY[1,NULL,3], ',', '*')
;;
SELECT split_part('abc~@~def~@~ghi', '~@~', 2), split_part('a,b,c', ',', -1), starts_with('alphabet', 'alph'), 'alphabet' ^@ 'alph', translate('12345', '143', 'ax'), ascii('x'), chr(65), to_hex(255), md5('abc')
;;
SELECT encode('\x1234'::bytea, 'base64'), encode('abc'::bytea, 'hex'), encode('abc', 'escape'), decode('MTIzAAE=', 'base64'), sha224('abc'), sha256('abc'), sha384('abc'), sha512('abc'), convert_to('text', 'UTF8'), convert_from('\x61', 'UTF8'), convert('abc', 'UTF8', 'LATIN1')
;;
SELECT normalize(U&'\0061\0308bc', NFC), U&'\0061\0308' IS NFC NORMALIZED, 'x' IS NORMALIZED, unistr('d\0061t\+000061'), U&'d!0061t' UESCAPE '!', parse_ident('"SomeSchema".someTable'), pg_client_encoding(), to_ascii('abc', 'LATIN1')
;;
SELECT get_byte('\x1234567890'::bytea, 4), set_byte('\x12'::bytea, 0, 64), get_bit('\x12'::bytea, 3), set_bit('\x12'::bytea, 3, 1), bit_count('\x12'::bytea), B'101' || B'01', B'1010' & B'1100', B'1010' | B'0011', ~ B'1010', B'1010' << 1, length(B'101'), 44::bit(10), X'1FF'::int, substring(B'110010' from 3 for 2)
;;
SELECT abs(-17), ceil(42.2), floor(-42.8), round(42.4382, 2), trunc(42.8), sign(-8.4), sqrt(2), cbrt(27), power(9,3), 2^10, |/ 25.0, ||/ 27.0, @ -5, 5 % 4, mod(9,4), div(9,4), gcd(1071,462), lcm(4,6), exp(1), ln(2), log(100), log(2,64), pi(), degrees(0.5), radians(45), factorial(5), width_bucket(5.35, 0.024, 10.06, 5), width_bucket(3, ARRAY[1,2,4]), scale(8.4100), min_scale(8.4100), trim_scale(8.4100)
;;
SELECT sin(1), cos(1), tan(1), asin(0.5), acos(0.5), atan(1), atan2(1,2), cot(1), sind(30), cosd(60), tand(45), asind(0.5), acosd(0.5), atand(1), atan2d(1,1), cotd(45), sinh(1), cosh(0), tanh(1), asinh(1), acosh(1), atanh(0.5)
;;
SELECT 91 & 15, 32 | 3, 17 # 5, ~1, 1 << 4, 8 >> 2, -7 / 2, 7.0 / 2, 1e10::numeric, 0.1 + 0.2, 'NaN'::numeric, 'Infinity'::float8, -'-inf'::float4
;;
SELECT setseed(0.5), random() >= 0, random() < 1
;;
SELECT age(timestamp '2001-04-10', timestamp '1957-06-13'), date_part('hour', timestamp '2001-02-16 20:38:40'), date_trunc('hour', timestamp '2001-02-16 20:38:40'), date_trunc('day', timestamptz '2001-02-16 20:38:40+00', 'Australia/Sydney'), date_bin('15 minutes', timestamp '2020-02-11 15:44:17', timestamp '2001-01-01')
;;
SELECT extract(century from timestamp '2000-12-16 12:21:13'), extract(day from interval '40 days 1 minute'), extract(dow from date '2001-02-16'), extract(epoch from timestamptz '2001-02-16 20:38:40.12-08'), extract(isodow from date '2001-02-18'), extract(isoyear from date '2006-01-01'), extract(julian from date '2006-01-01'), extract(microseconds from time '17:12:28.5'), extract(quarter from date '2001-02-16'), extract(timezone_hour from timestamptz '2001-01-01'), extract(week from date '2001-02-16'), extract('year' from date '2001-02-16')
;;
SELECT justify_days(interval '35 days'), justify_hours(interval '27 hours'), justify_interval(interval '1 mon -1 hour'), make_date(2013, 7, 15), make_interval(days => 10), make_interval(years => 1, mins => 5), make_time(8, 15, 23.5), make_timestamp(2013, 7, 15, 8, 15, 23.5), make_timestamptz(2013, 7, 15, 8, 15, 23.5, 'UTC'), isfinite(date 'infinity'), to_timestamp(1284352323)
;;
SELECT (date '2001-02-16', date '2001-12-21') OVERLAPS (date '2001-10-30', date '2002-10-30'), (date '2001-02-16', interval '100 days') OVERLAPS (date '2001-10-30', date '2002-10-30')
;;
SELECT timestamp '2001-02-16 20:38:40' AT TIME ZONE 'America/Denver', timestamptz '2001-02-16 20:38:40-05' AT TIME ZONE 'UTC', time with time zone '05:34:17-05' AT TIME ZONE 'UTC', timezone('UTC', timestamp '2001-02-16 20:38:40'), now() - now(), current_date = current_date, current_time IS NOT NULL, current_timestamp(2) IS NOT NULL, localtime(0) IS NOT NULL, localtimestamp IS NOT NULL, current_time(3) IS NOT NULL
;;
SELECT to_char(timestamp '2002-04-20 17:31:12.66', 'HH12:MI:SS'), to_char(interval '15h 2m 12s', 'HH24:MI:SS'), to_char(125, '999'), to_char(125.8::real, '999D9'), to_char(-125.8, '999D99S'), to_date('05 Dec 2000', 'DD Mon YYYY'), to_number('12,454.8-', '99G999D9S'), to_timestamp('05 Dec 2000', 'DD Mon YYYY')
;;
SELECT date '2001-09-28' + 7, date '2001-09-28' + interval '1 hour', date '2001-10-01' - date '2001-09-28', time '01:00' + interval '3 hours', 900 * interval '1 second', interval '1 hour' / 1.5, - interval '23 hours', timestamp '2001-09-29 03:00' - timestamp '2001-07-27 12:00', interval '1' year, interval '1-2' year to month, interval '3 4:05:06' day to second(3), interval(2) '1.234 sec', date 'epoch', timestamp 'infinity', timestamptz 'now' IS NOT NULL, date 'today' IS NOT NULL
;;
SELECT enum_first(null::mood), enum_last('ok'::mood), enum_range(null::mood), enum_range('sad'::mood, 'ok'), 'sad'::mood < 'happy', ARRAY['sad','ok']::mood[], 'A b'::"Weird Type", '{sad}'::_mood
;;
SELECT area(box '(2,2),(0,0)'), center(box '(1,2),(0,0)'), diagonal(box '(1,2),(0,0)'), diameter(circle '<(0,0),2>'), height(box '(1,2),(0,0)'), width(box '(1,2),(0,0)'), isclosed(path '((0,0),(1,1),(2,0))'), isopen(path '[(0,0),(1,1)]'), length(path '((-1,0),(1,0))'), npoints(path '[(0,0),(1,1),(2,0)]'), pclose(path '[(0,0),(1,1)]'), popen(path '((0,0),(1,1))'), radius(circle '<(0,0),2>'), slope(point '(0,0)', point '(2,1)'), box(circle '<(0,0),2>'), box(point '(1,0)'), bound_box(box '(1,1),(0,0)', box '(5,5),(3,4)'), circle(box '(1,1),(0,0)'), circle(point '(0,0)', 2.0), line(point '(-1,0)', point '(1,0)'), lseg(box '(1,0),(-1,0)'), path(polygon '((0,0),(1,1),(2,0))'), point(23.4, -44.5), polygon(4, circle '<(3,0),1>')
;;
SELECT point '(1,1)' + point '(2,0)', box '(1,1),(0,0)' * point '(2,0)', @-@ path '[(0,0),(1,0)]', @@ box '(2,2),(0,0)', # path '((1,0),(0,1))', lseg '[(0,0),(1,1)]' # lseg '[(1,0),(0,1)]', circle '<(0,0),2>' @> point '(1,1)', point '(1,1)' <@ circle '<(0,0),2>', circle '<(0,0),1>' <-> circle '<(5,0),1>', box '(1,1),(0,0)' && box '(2,2),(0,0)', circle '<(0,0),1>' << circle '<(5,0),1>', circle '<(5,0),1>' >> circle '<(0,0),1>', box '(1,1),(0,0)' &< box '(2,2),(0,0)', box '(3,3),(0,0)' <<| box '(5,5),(3,4)', lseg '[(-1,0),(1,0)]' ?# box '(2,2),(-2,-2)', ?- lseg '[(-1,0),(1,0)]', point '(1,0)' ?- point '(0,0)', ?| lseg '[(-1,0),(1,0)]', lseg '[(0,0),(0,1)]' ?-| lseg '[(0,0),(1,0)]', lseg '[(-1,0),(1,0)]' ?|| lseg '[(-1,2),(1,2)]', polygon '((0,0),(1,1))' ~= polygon '((1,1),(0,0))', point '(0,0)' ## lseg '[(2,0),(0,2)]'
;;
SELECT abbrev(inet '10.1.0.0/32'), broadcast('192.168.1.5/24'), family('::1'), host('192.168.1.5/24'), hostmask('192.168.23.20/30'), inet_merge('192.168.1.5/24','192.168.2.5/24'), inet_same_family('192.168.1.5/24','::1'), masklen('192.168.1.5/24'), netmask('192.168.1.5/24'), network('192.168.1.5/24'), set_masklen('192.168.1.5/24',16), text(inet '192.168.1.5'), trunc(macaddr '12:34:56:78:90:ab'), macaddr8_set7bit(macaddr8 '00:34:56:ab:cd:ef'), inet '192.168.1.5' << inet '192.168.1/24', inet '192.168.1/24' >>= inet '192.168.1/24', inet '192.168.1.6' & inet '0.0.0.255', ~ inet '192.168.1.6', inet '192.168.1.6' + 25, inet '192.168.1.43' - inet '192.168.1.19', inet '10/8' && inet '10.1/16'
;;
SELECT to_tsvector('english', 'The Fat Rats'), to_tsquery('english', 'The & Fat & Rats'), plainto_tsquery('The Fat Rats'), phraseto_tsquery('english','The Fat Rats'), websearch_to_tsquery('english', '"fat rat" or cat -dog'), ts_rank(to_tsvector('a b'), to_tsquery('a')), ts_rank_cd('{0.1,0.2,0.4,1.0}', to_tsvector('raining cats'), 'cat'), ts_headline('english', 'The fat cat ate the rat.', 'cat', 'StartSel=<<, StopSel=>>'), setweight('fat:2,4 cat:3'::tsvector, 'A'), strip('fat:2,4'::tsvector), length('fat:2'::tsvector), numnode('(fat & rat) | cat'::tsquery), querytree('foo & ! bar'::tsquery), ts_delete('fat:2 cat:3'::tsvector, 'fat'), ts_filter('fat:2A cat:3B'::tsvector, '{a}'), tsvector_to_array('fat:2 cat:3'::tsvector), array_to_tsvector('{fat,cat}'), ts_lexize('english_stem', 'stars'), to_tsvector('simple','a') @@ to_tsquery('simple','a'), 'a'::tsquery && 'b', 'a'::tsquery || 'b', !! 'a'::tsquery, 'a'::tsquery <-> 'b', tsquery_phrase('a','b',10), 'cat'::tsquery @> 'cat & rat'::tsquery, 'a:1'::tsvector || 'b:2'::tsvector, get_current_ts_config(), json_to_tsvector('english','{"a":"The Fat"}','["string"]'), jsonb_to_tsvector('english','{"a":1}','"all"')
;;
SELECT * FROM ts_debug('english', 'The Brightest supernovaes')
;;
SELECT * FROM ts_parse('default', 'foo - bar')
;;
SELECT * FROM ts_token_type('default')
;;
SELECT title, ts_rank(tsv, q) AS r FROM docs, to_tsquery('fox & dog') q WHERE tsv @@ q ORDER BY r DESC, title LIMIT 5
;;
SELECT unnest(to_tsvector('english', 'cats and dogs'))
;;
SELECT ts_rewrite('a & b'::tsquery, 'a'::tsquery, 'foo|bar'::tsquery)
;;
SELECT json_build_object('foo',1,'bar',row(1,'x')), json_build_array(1,2,'foo',4), json_object('{a,1,b,2}'), json_object('{a,b}','{1,2}'), to_json('Fred said "Hi."'::text), to_jsonb(row(1,'x')), row_to_json(row(1,'foo')), array_to_json('{{1,5},{99,100}}'::int[]), jsonb_set('[{"f1":1},null]', '{0,f1}', '[2,3]', false), jsonb_set_lax('[{"f1":1}]', '{0,f1}', null), jsonb_insert('{"a":[0,1,2]}', '{a,1}', '"new"'), jsonb_pretty('[{"f1":1}]'), json_typeof('-123.4'), jsonb_typeof('[1]'), json_array_length('[1,2]'), jsonb_array_length('[1,2]'), json_extract_path('{"a":{"b":1}}','a','b'), jsonb_extract_path_text('{"a":{"b":1}}','a','b'), json_strip_nulls('[{"f1":1,"f2":null}]'), jsonb_strip_nulls('{"a":null}')
;;
SELECT '[{"a":"foo"}]'::json -> 0, '{"a":{"b":"foo"}}'::json -> 'a', '[1,2,3]'::json ->> 2, '{"a":{"b":["foo","bar"]}}'::jsonb #> '{a,b,1}', '{"a":1}'::jsonb #>> '{a}', '{"a":1,"b":2}'::jsonb @> '{"b":2}', '{"b":2}'::jsonb <@ '{"a":1,"b":2}', '{"a":1}'::jsonb ? 'a', '{"a":1}'::jsonb ?| array['b','a'], '["a","b"]'::jsonb ?& array['a','b'], '["a"]'::jsonb || '["b"]', '{"a":"b"}'::jsonb - 'a', '["a","b"]'::jsonb - 1, '{"a":"b","c":"d"}'::jsonb - '{a,c}'::text[], '["a",{"b":1}]'::jsonb #- '{1,b}', '{"a":[1,2,3]}'::jsonb @? '$.a[*] ? (@ > 2)', '{"a":[1,2]}'::jsonb @@ '$.a[*] > 1'
;;
SELECT jsonb_path_exists('{"a":[1,2,3,4,5]}', '$.a[*] ? (@ >= $min && @ <= $max)', '{"min":2,"max":4}'), jsonb_path_match('{"a":[1]}', 'exists($.a[*] ? (@ >= 1))'), jsonb_path_query_array('{"a":[1,2]}', '$.a[*]'), jsonb_path_query_first('{"a":[1,2]}', '$.a[*]'), jsonb_path_exists_tz('["2015-08-01 12:00:00-05"]', '$[*] ? (@.datetime() < "2015-08-02".datetime())'), jsonb_path_query_array('[1,"a",{"b":2}]', '$[*].type()'), jsonb_path_query_array('{"a":1,"b":2}', '$.keyvalue()'), jsonb_path_query_first('[1.3]', '$[*].ceiling()'), jsonb_path_query_first('"abc"', '$ like_regex "^a" flag "i"'), jsonb_path_query_first('"abc"', '$ starts with "a"'), jsonb_path_query_first('{"a":{"b":{"c":1}}}', '$.**.c'), jsonb_path_query_first('[1,2]', 'strict $[last]'), ('{"a":1}'::jsonb)['a'], ('[1,2]'::jsonb)[1]
;;
SELECT * FROM jsonb_path_query('{"a":[1,2,3]}', '$.a[*] ? (@ > 1)')
;;
SELECT * FROM json_each('{"a":"foo","b":"bar"}')
;;
SELECT * FROM jsonb_each_text('{"a":"foo"}') AS x(k, v)
;;
SELECT * FROM json_array_elements('[1,true,[2,false]]') WITH ORDINALITY
;;
SELECT * FROM json_array_elements_text('["foo","bar"]'), jsonb_object_keys('{"f1":"abc"}')
;;
SELECT * FROM json_to_recordset('[{"a":1,"b":"foo"},{"a":"2","c":"bar"}]') AS x(a int, b text)
;;
SELECT * FROM jsonb_to_record('{"a":1,"b":[1,2,3],"c":[1,2,3],"d":{"x":1}}') AS x(a int, b text, c int[], d jsonb)
;;
SELECT * FROM json_populate_record(null::pair, '{"a":1,"b":"x"}')
;;
SELECT * FROM jsonb_populate_recordset(null::pair, '[{"a":1,"b":"x"},{"a":3,"b":"y"}]')
;;
SELECT * FROM jsonb_populate_record(null::orders, '{"id":1,"status":"x"}')
;;
SELECT ARRAY[1,4,3] @> ARRAY[3,1], ARRAY[2,2,7] <@ ARRAY[1,7,4,2,6], ARRAY[1,4,3] && ARRAY[2,1], ARRAY[1,2] || 3, 3 || ARRAY[4], ARRAY[1,2] || ARRAY[[3,4]], array_append(ARRAY[1,2],3), array_cat(ARRAY[1],ARRAY[2]), array_dims(ARRAY[[1,2],[3,4]]), array_fill(11, ARRAY[2,3]), array_length(ARRAY[1,2,3],1), array_lower('[0:2]={1,2,3}'::int[],1), array_ndims(ARRAY[[1]]), array_position(ARRAY['sun','mon'],'mon'), array_positions(ARRAY['A','A','B'],'A'), array_prepend(1,ARRAY[2]), array_remove(ARRAY[1,2,3,2],2), array_replace(ARRAY[1,2,5,4],5,3), array_upper(ARRAY[1,8],1), cardinality(ARRAY[[1,2],[3,4]]), trim_array(ARRAY[1,2,3],2), (ARRAY[1,2,3])[2], (ARRAY[1,2,3,4])[2:3], (ARRAY[1,2,3,4])[:2], ARRAY(SELECT id FROM tree ORDER BY id), ARRAY[]::int[], '{1,2}'::int[] = ARRAY[1,2], 1 = ANY(ARRAY[1,2]), 1 <> ALL('{2,3}'::int[])
;;
SELECT * FROM unnest(ARRAY[1,2], ARRAY['foo','bar','baz']) AS x(a,b)
;;
SELECT a, i FROM unnest(ARRAY['x','y']) WITH ORDINALITY AS t(a, i)
;;
SELECT generate_subscripts('{NULL,1,NULL,2}'::int[], 1), generate_series(2, 4), generate_series(5,1,-2)
;;
SELECT * FROM generate_series('2008-03-01'::timestamp, '2008-03-04 12:00', '10 hours')
;;
SELECT int4range(1,5) @> 3, numrange(1.1,2.2) && numrange(1.8,3.0), lower(numrange(1.1,2.2)), upper(int4range(1,5)), isempty(numrange(1,1)), lower_inc(numrange(1.1,2.2)), upper_inc(numrange(1,2)), lower_inf('(,)'::daterange), upper_inf('(,)'::daterange), range_merge('[1,2)'::int4range,'[3,4)'::int4range), int8range(1,15) * int8range(10,20), numrange(5,15) + numrange(10,20), int8range(5,15) - int8range(10,20), int8range(1,10) << int8range(100,110), numrange(1.1,2.2) -|- numrange(2.2,3.3), int4range(2,4) <@ int4range(1,7), int8range(1,20) &< int8range(18,20), tstzrange(now(), now() + interval '1 day') @> now(), '[1,5]'::int4range, int4multirange(int4range(1,3), int4range(5,7)), '{[1,2),[5,6)}'::int4multirange @> 5, multirange(int4range(1,2)), range_merge('{[1,2),[5,6)}'::int4multirange), float_range(1,2), '[1,2]'::float_range && float_range(2,3), float_multirange(float_range(1,2))
;;
SELECT * FROM unnest('{[1,2),[5,6)}'::int4multirange)
;;
SELECT range_agg(during ORDER BY id), range_intersect_agg(period) FROM ranges WHERE id < 3
;;
SELECT * FROM ranges WHERE during @> timestamptz '2026-01-04' ORDER BY id
;;
SELECT xmlelement(name foo, xmlattributes('xyz' as bar), 'cont', 'ent'), xmlforest('abc' AS foo, 123 AS bar), xmlconcat('<abc/>', '<bar>foo</bar>'), xmlcomment('hello'), xmlpi(name php, 'echo "hello world";'), xmlroot(xmlparse(document '<a/>'), version '1.0', standalone yes), xmlserialize(content '<a/>' as text), xmlparse(content 'abc<foo>bar</foo>'), '<a/>'::xml IS DOCUMENT, xmlexists('//town[text()="Toronto"]' PASSING BY VALUE '<towns><town>Toronto</town></towns>'), xml_is_well_formed('<a>'), xml_is_well_formed_document('<a/>'), xml_is_well_formed_content('abc'), xpath('/my:a/text()', '<my:a xmlns:my="http://example.com">test</my:a>', ARRAY[ARRAY['my','http://example.com']]), xpath_exists('/a/b','<a><b/></a>'), xml '<foo>bar</foo>'
;;
SELECT xmlagg(x ORDER BY id) FROM customers WHERE id < 4
;;
SELECT xmltable.* FROM (SELECT '<ROWS><ROW id="1"><C>AU</C><P unit="k">3</P></ROW><ROW id="5"><C>JP</C></ROW></ROWS>'::xml AS data) d, XMLTABLE('//ROWS/ROW' PASSING data COLUMNS id int PATH '@id', ordinality FOR ORDINALITY, "C" text, country_id text PATH 'C', p float PATH 'P[@unit="k"]' DEFAULT 0)
;;
SELECT * FROM xmltable(xmlnamespaces('http://x' AS x), '/x:a/x:b' PASSING '<a xmlns="http://x"><b>1</b></a>' COLUMNS v text PATH '.')
;;
SELECT count(*), count(DISTINCT status), sum(total), avg(total), min(total), max(total), stddev(total), variance(total), stddev_pop(total), var_pop(total), bool_and(total>0), bool_or(total>250), every(total>0), bit_and(id), bit_or(id), bit_xor(id) FROM orders
;;
SELECT array_agg(id ORDER BY id DESC) FILTER (WHERE id < 5), string_agg(status, ',' ORDER BY id) FILTER (WHERE id < 5), json_agg(id ORDER BY id) FILTER (WHERE id < 4), jsonb_agg(status ORDER BY id) FILTER (WHERE id < 4), json_object_agg(id, status ORDER BY id) FILTER (WHERE id < 3), jsonb_object_agg(id, status) FILTER (WHERE id < 3), string_agg(note::bytea, '\x00' ORDER BY id) FILTER (WHERE id < 3) FROM orders
;;
SELECT corr(id, total), covar_pop(id, total), covar_samp(id, total), regr_avgx(id, total), regr_avgy(id, total), regr_count(id, total), regr_intercept(id, total), regr_r2(id, total), regr_slope(id, total), regr_sxx(id, total), regr_sxy(id, total), regr_syy(id, total) FROM orders
;;
SELECT mode() WITHIN GROUP (ORDER BY status), percentile_cont(0.5) WITHIN GROUP (ORDER BY total), percentile_disc(ARRAY[0.25,0.5]) WITHIN GROUP (ORDER BY total), rank(150) WITHIN GROUP (ORDER BY total), dense_rank(150) WITHIN GROUP (ORDER BY total), percent_rank(150) WITHIN GROUP (ORDER BY total), cume_dist(150) WITHIN GROUP (ORDER BY total) FROM orders
;;
SELECT id, row_number() OVER w, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w, ntile(4) OVER w, lag(total) OVER w, lag(total, 2, 0) OVER w, lead(total) OVER w, first_value(total) OVER w, last_value(total) OVER w, nth_value(total, 2) OVER w, sum(total) OVER (w ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM orders WHERE id < 20 WINDOW w AS (PARTITION BY status ORDER BY id)
;;
SELECT id, sum(total) OVER (ORDER BY at RANGE BETWEEN '1 day' PRECEDING AND '1 hour' FOLLOWING EXCLUDE CURRENT ROW), avg(total) OVER (ORDER BY id GROUPS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES), count(*) FILTER (WHERE status='new') OVER (PARTITION BY customer_id) FROM orders ORDER BY id LIMIT 10
;;
SELECT status, grouping(status), count(*) FROM orders GROUP BY GROUPING SETS ((status), ()) ORDER BY 1
;;
SELECT status, customer_id % 2, grouping(status, customer_id % 2), sum(total) FROM orders GROUP BY ROLLUP (status, customer_id % 2) ORDER BY 1, 2
;;
SELECT status, customer_id % 2, count(*) FROM orders GROUP BY DISTINCT CUBE (status, customer_id % 2), ROLLUP (status) ORDER BY 1, 2
;;
SELECT current_catalog IS NOT NULL, current_database() = current_catalog, current_query() LIKE 'SELECT%', current_schema(), current_schemas(true), current_user = user, session_user = current_role, inet_server_port(), pg_backend_pid() > 0, pg_blocking_pids(pg_backend_pid()), pg_conf_load_time() IS NOT NULL, pg_current_logfile() IS NULL, pg_my_temp_schema(), pg_is_other_temp_schema(0), pg_jit_available(), pg_postmaster_start_time() < now(), pg_safe_snapshot_blocking_pids(pg_backend_pid()), pg_trigger_depth(), version() LIKE 'PostgreSQL%'
;;
SELECT has_table_privilege('orders','SELECT'), has_table_privilege('pgward_reader','orders','INSERT, UPDATE'), has_column_privilege('orders','id','SELECT'), has_any_column_privilege('orders','SELECT'), has_database_privilege(current_database(),'CONNECT'), has_schema_privilege('public','USAGE'), has_function_privilege('add1(int)','EXECUTE'), has_sequence_privilege('seq1','USAGE'), has_language_privilege('plpgsql','USAGE'), has_type_privilege('mood','USAGE'), has_tablespace_privilege('pg_default','CREATE'), has_server_privilege('loop','USAGE'), has_foreign_data_wrapper_privilege('postgres_fdw','USAGE'), pg_has_role('pg_monitor','MEMBER'), row_security_active('secrets')
;;
SELECT acldefault('r', 10), (aclexplode(acldefault('r', 10))).privilege_type, makeaclitem(10, 10, 'SELECT', false)
;;
SELECT pg_table_is_visible('orders'::regclass), pg_type_is_visible('mood'::regtype), pg_function_is_visible('add1'::regproc), pg_collation_is_visible('"C"'::regcollation), pg_ts_config_is_visible('english'::regconfig), pg_ts_dict_is_visible('simple'::regdictionary)
;;
SELECT format_type('varchar'::regtype, 24), pg_get_viewdef('active'), pg_get_viewdef('active'::regclass, true), pg_get_viewdef('active', 60), pg_get_functiondef('looper'::regproc), pg_get_function_arguments('add1'::regproc), pg_get_function_identity_arguments('add1'::regproc), pg_get_function_result('add1'::regproc), pg_get_userbyid(10), pg_get_serial_sequence('customers','id'), pg_get_expr('x', 0) IS NULL
;;
SELECT pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) FROM pg_constraint WHERE conrelid = 'orders'::regclass ORDER BY conname
;;
SELECT pg_get_indexdef(indexrelid), pg_get_indexdef(indexrelid, 1, true), pg_index_column_has_property(indexrelid, 1, 'orderable'), pg_index_has_property(indexrelid, 'clusterable') FROM pg_index WHERE indrelid = 'orders'::regclass ORDER BY 1
;;
SELECT pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class = 'active'::regclass
;;
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
;;
SELECT pg_get_statisticsobjdef(oid), pg_get_statisticsobjdef_columns(oid) FROM pg_statistic_ext ORDER BY stxname
;;
SELECT pg_get_partkeydef('events'::regclass), pg_get_partition_constraintdef('events_2025'::regclass), pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'events_2025'
;;
SELECT * FROM pg_partition_tree('events') ORDER BY relid::text
;;
SELECT pg_partition_root('events_2026_a'), pg_partition_ancestors('events_2026_a')
;;
SELECT pg_get_keywords() LIMIT 3
;;
SELECT * FROM pg_get_keywords() WHERE catcode = 'R' ORDER BY word LIMIT 5
;;
SELECT * FROM pg_options_to_table(ARRAY['host=localhost'])
;;
SELECT to_regclass('orders'), to_regclass('nope'), to_regcollation('C'), to_regnamespace('public'), to_regoper('!~'), to_regoperator('+(int4,int4)'), to_regproc('abs'), to_regprocedure('abs(numeric)'), to_regrole('postgres'), to_regtype('interval')
;;
SELECT col_description('customers'::regclass, 2), obj_description('customers'::regclass, 'pg_class'), obj_description('customers'::regclass), shobj_description((SELECT oid FROM pg_database WHERE datname = 'postgres'), 'pg_database'), pg_describe_object('pg_class'::regclass, 'orders'::regclass, 0)
;;
SELECT * FROM pg_identify_object('pg_class'::regclass, 'orders'::regclass, 0)
;;
SELECT * FROM pg_identify_object_as_address('pg_class'::regclass, 'orders'::regclass, 0)
;;
SELECT * FROM pg_get_object_address('table', '{public,orders}', '{}')
;;
SELECT pg_current_xact_id_if_assigned() IS NULL, pg_snapshot_xmin(pg_current_snapshot()) > '0', pg_visible_in_snapshot('3'::xid8, pg_current_snapshot()), pg_xact_status('3'), txid_current_if_assigned(), txid_status(3), txid_snapshot_xmin(txid_current_snapshot()) > 0, age('3'::xid) > 0, mxid_age('1'::xid) IS NOT NULL
;;
SELECT * FROM pg_control_system()
;;
SELECT checkpoint_lsn IS NOT NULL FROM pg_control_checkpoint()
;;
SELECT * FROM pg_control_init()
;;
SELECT pg_column_size(1::int), pg_column_size(name), pg_column_compression(name) FROM customers ORDER BY id LIMIT 2
;;
SELECT pg_database_size(current_database()) > 0, pg_database_size('postgres') > 0, pg_indexes_size('orders'), pg_relation_size('orders'), pg_relation_size('orders','fsm'), pg_table_size('orders'), pg_total_relation_size('orders'), pg_tablespace_size('pg_default') > 0, pg_size_pretty(123456789::bigint), pg_size_bytes('5 GB'), pg_relation_filenode('orders') > 0, pg_relation_filepath('orders') LIKE 'base%', pg_filenode_relation(0, pg_relation_filenode('orders'))
;;
SELECT pg_current_wal_lsn() IS NOT NULL, pg_current_wal_insert_lsn() IS NOT NULL, pg_current_wal_flush_lsn() IS NOT NULL, pg_is_in_recovery(), pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(), pg_last_xact_replay_timestamp(), pg_wal_lsn_diff('0/3000000', '0/2000000'), pg_walfile_name('0/3000000'), (pg_walfile_name_offset('0/3000000')).file_name, '0/16B3748'::pg_lsn - '0/16B3740', '0/1'::pg_lsn + 16
;;
SELECT pg_tablespace_location(oid), pg_tablespace_databases(oid) FROM pg_tablespace ORDER BY 1,2
;;
SELECT * FROM pg_sequence_parameters('seq1'::regclass)
;;
SELECT last_value, log_cnt, is_called FROM seq1
;;
SELECT * FROM seq1
;;
SELECT pg_sequence_last_value('seq1'::regclass)
;;
SELECT current_setting('work_mem'), current_setting('nope.x', true), pg_encoding_to_char(6), pg_char_to_encoding('UTF8'), pg_encoding_max_length(6), getdatabaseencoding()
;;
SELECT pg_sleep(0), pg_sleep_for('1 ms'), pg_sleep_until(now())
;;
SELECT num_nonnulls(1,NULL,2), num_nulls(1,NULL), coalesce(NULL,1), nullif(1,1), greatest(1,2,NULL), least(3,2)
;;
SELECT gen_random_uuid() IS NOT NULL, uuid_generate_v4() IS NOT NULL, uuid_nil(), uuid_ns_dns(), uuid_generate_v5(uuid_ns_url(), 'http://x'), uuid_generate_v3(uuid_ns_oid(),'1'), uuid_generate_v1() IS NOT NULL, uuid_generate_v1mc() IS NOT NULL
;;
SELECT cash_words('12.34'), '$1,234.56'::money::numeric, 12.34::money * 2, '5'::money / '2'::money
;;
SELECT similarity('word','two words'), word_similarity('word','two words'), strict_word_similarity('word','two words'), show_trgm('word'), show_limit(), 'abc' % 'abd', 'word' <% 'two words', 'word' <-> 'two words', 'word' <<-> 'words', 'x' <<% 'y'
;;
SELECT h -> 'k', h['k'], h::json, each(h) FROM customers ORDER BY id LIMIT 2
;;
SELECT (each('a=>1,b=>2'::hstore)).*, hstore(c.*) -> 'name' FROM customers c WHERE id = 1
;;
SELECT 'Top.Science'::ltree @> 'Top.Science.Astronomy', subpath('Top.Child1.Child2',1), subltree('Top.Child1.Child2',1,2), nlevel('Top.Child1'), index('0.1.2.3.5'::ltree,'5.4'), text2ltree('a.b'), ltree2text('a.b'), lca('1.2.3','1.2.3.4'), 'Top.A'::ltree ~ '*.A', 'Top.A'::ltree ? '{*.A}'::lquery[], 'Top.A'::ltree @ 'A & !B'::ltxtquery, 'a'::ltree || 'b'
;;
SELECT 'X'::citext = 'x', replace('Abc'::citext,'b','x'), regexp_match('AbC'::citext,'b'), split_part('AxB'::citext,'X',1), strpos('Abc'::citext,'B'), translate('Abc'::citext,'b','x'), max(ci), min(ci) FROM customers
;;
SELECT * FROM customers WHERE ci = 'mixed3' OR mail = 'C4@EXAMPLE.ORG' ORDER BY id
;;
SELECT digest('a','sha256'), hmac('a','k','sha1'), crypt('a', gen_salt('bf',4)) IS NOT NULL, encode(encrypt('a','k','aes'),'hex') IS NOT NULL, decrypt(encrypt('a','kkkkkkkkkkkkkkkk','aes'),'kkkkkkkkkkkkkkkk','aes'), gen_random_bytes(4) IS NOT NULL, armor('abc'), dearmor(armor('abc')), pgp_sym_decrypt(pgp_sym_encrypt('x','p'),'p')
;;
SELECT levenshtein('a','b'), levenshtein_less_equal('extensive','exhaustive',2), soundex('Anne'), difference('Anne','Ann'), metaphone('Thompson',4), dmetaphone('gumbo'), dmetaphone_alt('gumbo')
;;
SELECT unaccent('Hôtel'), unaccent('unaccent','é'), ts_lexize('unaccent','Hôtel')
;;
SELECT icount('{1,2}'::int[]), sort('{3,1}'::int[]), sort_asc('{3,1}'), sort_desc('{1,3}'), uniq('{1,1}'), idx('{1,2}',2), subarray('{1,2,3}',2,1), intset(1), '{1,2}'::int[] & '{2}', '{1}'::int[] | 2, '{1,2}'::int[] - 1, # '{1,2}'::int[], '{1,2}'::int[] @@ '1&2'::query_int, '{1,2}'::int[] + 3
;;
SELECT '978-0-393-04002-9'::isbn13, isbn('978-0-393-04002-9'), isbn13('0-393-04002-X'), is_valid('0-393-04002-X'::isbn), issn('1436-4522'), make_valid('978-0-393-04002-9'::isbn13), upc('220356483481')
;;
SELECT * FROM normal_rand(3, 5, 0) LIMIT 0
;;
SELECT int_array_aggregate(id ORDER BY id) FROM tree
;;
SELECT int_array_enum('{1,2}')
;;
SELECT * FROM pgstattuple('orders') LIMIT 0
;;
SELECT table_len FROM pgstattuple_approx('orders')
;;
SELECT version, tree_level FROM pgstatindex('orders_pkey')
;;
SELECT * FROM pg_freespace('orders') LIMIT 1
;;
SELECT * FROM pg_visibility_map_summary('orders')
;;
SELECT * FROM pgrowlocks('orders')
;;
SELECT ssl_is_used(), ssl_version(), ssl_cipher()
;;
SELECT count(*) FROM many TABLESAMPLE SYSTEM_ROWS(100)
;;
SELECT count(*) >= 0 FROM many TABLESAMPLE SYSTEM_TIME(1000)
;;
SELECT count(*) >= 0 FROM many TABLESAMPLE SYSTEM (50) REPEATABLE (200)
;;
SELECT count(*) >= 0 FROM many TABLESAMPLE BERNOULLI (10.5)
;;
SELECT xpath_string('<a>1</a>','/a'), xpath_number('<a>1</a>','/a'), xpath_bool('<a>1</a>','/a'), xpath_nodeset('<a/>','/a'), xpath_list('<a>1</a>','/a')
;;
