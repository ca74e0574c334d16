//! A call, a type or an operator is found in every place that the grammar has for one.

use super::{check, facts};

#[test]
fn calls_are_found_in_every_place() {
    let places = [
        "SELECT @",
        "SELECT DISTINCT ON (@) 1",
        "SELECT 1 FROM @",
        "SELECT 1 FROM @ AS x(a int)",
        "SELECT 1 FROM LATERAL @ WITH ORDINALITY",
        "SELECT 1 FROM ROWS FROM (@, g()) AS x",
        "SELECT 1 FROM ROWS FROM (g() AS (a int), @)",
        "SELECT 1 FROM t, LATERAL (SELECT @) s",
        "SELECT 1 FROM a JOIN b ON @",
        "SELECT 1 FROM a JOIN (b JOIN c ON @) ON true",
        "SELECT 1 FROM t TABLESAMPLE bernoulli (@)",
        "SELECT 1 FROM t TABLESAMPLE bernoulli (1) REPEATABLE (@)",
        "SELECT 1 WHERE @",
        "SELECT 1 GROUP BY @",
        "SELECT 1 GROUP BY GROUPING SETS ((@), ())",
        "SELECT 1 GROUP BY CUBE (a, @)",
        "SELECT GROUPING(@)",
        "SELECT 1 HAVING @",
        "SELECT 1 ORDER BY @",
        "SELECT 1 ORDER BY @ USING <",
        "SELECT 1 LIMIT @",
        "SELECT 1 OFFSET @",
        "SELECT 1 ORDER BY 1 FETCH FIRST (@) ROWS WITH TIES",
        "SELECT 1 WINDOW w AS (PARTITION BY @)",
        "SELECT 1 WINDOW w AS (ORDER BY @)",
        "SELECT sum(1) OVER (PARTITION BY @)",
        "SELECT sum(1) OVER (ORDER BY @)",
        "SELECT sum(1) OVER (ORDER BY a ROWS BETWEEN @ PRECEDING AND 1 FOLLOWING)",
        "SELECT sum(1) OVER (ORDER BY a RANGE BETWEEN 1 PRECEDING AND @ FOLLOWING)",
        "SELECT @ OVER w",
        "SELECT sum(@)",
        "SELECT sum(DISTINCT @)",
        "SELECT sum(a ORDER BY @)",
        "SELECT sum(a) FILTER (WHERE @)",
        "SELECT percentile_cont(@) WITHIN GROUP (ORDER BY a)",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY @)",
        "SELECT g(a => @)",
        "SELECT g(VARIADIC @)",
        "SELECT CASE @ WHEN 1 THEN 2 END",
        "SELECT CASE WHEN @ THEN 2 END",
        "SELECT CASE WHEN a THEN @ END",
        "SELECT CASE WHEN a THEN 1 ELSE @ END",
        "SELECT COALESCE(a, @)",
        "SELECT GREATEST(a, @)",
        "SELECT NULLIF(a, @)",
        "SELECT ARRAY[@]",
        "SELECT ARRAY(SELECT @)",
        "SELECT ROW(@)",
        "SELECT (a, @)",
        "SELECT a[@]",
        "SELECT a[@:1]",
        "SELECT (a)[1:@].b",
        "SELECT (@).*",
        "SELECT (@).a",
        "SELECT @::text",
        "SELECT CAST(@ AS text)",
        "SELECT a::s.t(@)",
        "SELECT @ COLLATE \"C\"",
        "SELECT @ AT TIME ZONE 'x'",
        "SELECT @ IS NULL",
        "SELECT @ IS TRUE",
        "SELECT @ IS DISTINCT FROM 1",
        "SELECT @ IS NORMALIZED",
        "SELECT @ IS DOCUMENT",
        "SELECT @ IS JSON",
        "SELECT @ BETWEEN 1 AND 2",
        "SELECT 1 BETWEEN SYMMETRIC 1 AND @",
        "SELECT 1 IN (2, @)",
        "SELECT @ IN (SELECT 1)",
        "SELECT 1 = ANY (@)",
        "SELECT @ = ALL (SELECT 1)",
        "SELECT @ LIKE 'a' ESCAPE 'b'",
        "SELECT 'a' SIMILAR TO @",
        "SELECT NOT @",
        "SELECT a AND @ OR b",
        "SELECT -@",
        "SELECT a OPERATOR(s.+) @",
        "SELECT EXISTS (SELECT @)",
        "SELECT EXTRACT(year FROM @)",
        "SELECT POSITION(a IN @)",
        "SELECT SUBSTRING(a FROM @)",
        "SELECT OVERLAY(a PLACING b FROM @)",
        "SELECT TRIM(BOTH @ FROM a)",
        "SELECT NORMALIZE(@, NFC)",
        "SELECT COLLATION FOR (@)",
        "SELECT TREAT(@ AS text)",
        "SELECT (a, b) OVERLAPS (c, @)",
        "SELECT (a, b) < (c, @)",
        "SELECT XMLELEMENT(NAME a, XMLATTRIBUTES(@ AS b))",
        "SELECT XMLELEMENT(NAME a, @)",
        "SELECT XMLFOREST(@ AS a)",
        "SELECT XMLCONCAT(@)",
        "SELECT XMLPARSE(DOCUMENT @)",
        "SELECT XMLPI(NAME a, @)",
        "SELECT XMLROOT(@, VERSION NO VALUE)",
        "SELECT XMLSERIALIZE(CONTENT @ AS text)",
        "SELECT XMLEXISTS('x' PASSING @)",
        "SELECT 1 FROM XMLTABLE('x' PASSING @ COLUMNS a int)",
        "SELECT 1 FROM XMLTABLE(@ PASSING 'x' COLUMNS a int)",
        "SELECT 1 FROM XMLTABLE('x' PASSING 'x' COLUMNS a int PATH @)",
        "SELECT 1 FROM XMLTABLE('x' PASSING 'x' COLUMNS a int DEFAULT @)",
        "SELECT 1 FROM XMLTABLE(XMLNAMESPACES(@ AS x), 'x' PASSING 'x' COLUMNS a int)",
        "SELECT 1 FROM JSON_TABLE(@, '$' COLUMNS (a int)) j",
        "SELECT 1 FROM JSON_TABLE('{}', '$' PASSING @ AS x COLUMNS (a int)) j",
        "SELECT 1 FROM JSON_TABLE('{}', '$' COLUMNS (a int DEFAULT @ ON ERROR)) j",
        "SELECT 1 FROM JSON_TABLE('{}', '$' COLUMNS (NESTED '$' COLUMNS (a int DEFAULT @ ON EMPTY))) j",
        "SELECT JSON_VALUE(@, '$')",
        "SELECT JSON_VALUE('1', '$' PASSING @ AS x)",
        "SELECT JSON_VALUE('1', '$' DEFAULT @ ON ERROR)",
        "SELECT JSON_QUERY('1', @)",
        "SELECT JSON_EXISTS(@, '$')",
        "SELECT JSON(@)",
        "SELECT JSON_SCALAR(@)",
        "SELECT JSON_SERIALIZE(@)",
        "SELECT JSON_OBJECT('a': @)",
        "SELECT JSON_OBJECT(@ VALUE 1)",
        "SELECT JSON_ARRAY(@)",
        "SELECT JSON_ARRAY(SELECT @)",
        "SELECT JSON_ARRAYAGG(@)",
        "SELECT JSON_ARRAYAGG(a ORDER BY @)",
        "SELECT JSON_OBJECTAGG(@ : 1) FILTER (WHERE true)",
        "SELECT JSON_OBJECTAGG('a' : 1) FILTER (WHERE @)",
        "SELECT JSON_OBJECTAGG('a' : 1) OVER (PARTITION BY @)",
        "VALUES (1), (@)",
        "SELECT 1 UNION ALL SELECT @",
        "WITH x AS (SELECT @) SELECT 1",
        "WITH RECURSIVE x(a) AS (SELECT 1) CYCLE a SET c TO s.t(@) 'x' DEFAULT 'b' USING p SELECT 1",
        "INSERT INTO t VALUES (@)",
        "INSERT INTO t (a[@]) VALUES (1)",
        "INSERT INTO t SELECT @",
        "INSERT INTO t VALUES (1) ON CONFLICT (a) WHERE @ DO NOTHING",
        "INSERT INTO t VALUES (1) ON CONFLICT ((@)) DO NOTHING",
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = @",
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1 WHERE @",
        "INSERT INTO t VALUES (1) RETURNING @",
        "UPDATE t SET a = @",
        "UPDATE t SET a[@] = 1",
        "UPDATE t SET (a, b) = (1, @)",
        "UPDATE t SET (a, b) = (SELECT 1, @)",
        "UPDATE t SET a = 1 FROM @",
        "UPDATE t SET a = 1 WHERE @",
        "UPDATE t SET a = 1 RETURNING @",
        "DELETE FROM t USING @",
        "DELETE FROM t WHERE @",
        "DELETE FROM t RETURNING @",
        "MERGE INTO t USING @ ON true WHEN MATCHED THEN DELETE",
        "MERGE INTO t USING s ON @ WHEN MATCHED THEN DELETE",
        "MERGE INTO t USING s ON true WHEN MATCHED AND @ THEN DELETE",
        "MERGE INTO t USING s ON true WHEN MATCHED THEN UPDATE SET a = @",
        "MERGE INTO t USING s ON true WHEN NOT MATCHED THEN INSERT VALUES (@)",
        "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE RETURNING @",
        "EXECUTE p(@)",
        "EXPLAIN SELECT @",
        "EXPLAIN EXECUTE p(@)",
        "PREPARE p AS SELECT @",
        "DECLARE c CURSOR FOR SELECT @",
        "COPY (SELECT @) TO STDOUT",
        "COPY t FROM STDIN WHERE @",
        "CREATE TABLE x AS SELECT @",
        "CREATE TABLE x AS EXECUTE p(@)",
        "CALL g(@)",
    ];
    for place in places {
        // `f` only, so that it is no SQL-syntax call; the parentheses of FROM need the bare call.
        let text = place.replace('@', "s.f(1)");
        let statements = facts(&text).statements;
        let found = statements
            .iter()
            .any(|statement| statement.calls.iter().any(|call| call.to_string() == "s.f"));
        assert!(found, "{text}: {statements:?}");
    }
}

#[test]
fn relations_are_found_in_every_place() {
    for place in [
        "SELECT 1 FROM @",
        "SELECT 1 FROM a LEFT JOIN @ USING (i)",
        "SELECT (SELECT 1 FROM @)",
        "SELECT 1 WHERE EXISTS (TABLE @)",
        "TABLE @",
        "SELECT 1 FROM @ TABLESAMPLE system (1)",
        "INSERT INTO t TABLE @",
        "COPY @ TO STDOUT",
        "SELECT 1 ORDER BY (SELECT 1 FROM @)",
        "LOCK TABLE @ IN ACCESS SHARE MODE",
        "VALUES ((SELECT 1 FROM @))",
        "UPDATE t SET a = 1 FROM @",
    ] {
        let statements = facts(&place.replace('@', "s.r")).statements;
        assert_eq!(
            statements[0].reads.last().map(ToString::to_string).as_deref(),
            Some("s.r"),
            "{place}"
        );
    }
}

#[test]
fn types_are_found_in_every_place() {
    for place in [
        "SELECT a::@",
        "SELECT CAST(a AS @)",
        "SELECT @ 'x'",
        "SELECT a::@[]",
        "SELECT a::@(3)",
        "SELECT 1 FROM f() AS (a @)",
        "SELECT 1 FROM f() AS x(a @)",
        "SELECT 1 FROM ROWS FROM (f() AS (a @))",
        "SELECT JSON_VALUE('1', '$' RETURNING @)",
        "SELECT JSON_OBJECT(RETURNING @)",
        "SELECT JSON_ARRAYAGG(1 RETURNING @)",
        "SELECT 1 FROM XMLTABLE('x' PASSING 'x' COLUMNS a @)",
        "SELECT 1 FROM JSON_TABLE('{}', '$' COLUMNS (a @)) j",
        "SELECT 1 FROM JSON_TABLE('{}', '$' COLUMNS (a @ EXISTS)) j",
        "SELECT 1 FROM JSON_TABLE('{}', '$' COLUMNS (a @ FORMAT JSON)) j",
        "SELECT XMLSERIALIZE(CONTENT a AS @)",
        "PREPARE p(@) AS SELECT 1",
        "WITH RECURSIVE x(a) AS (SELECT 1) CYCLE a SET c TO @ 'b' DEFAULT 'b' USING p SELECT 1",
        "SELECT JSON_VALUE('1', '$' DEFAULT 'x'::@ ON EMPTY)",
        "SELECT a IN (b, c::@)",
    ] {
        let statements = facts(&place.replace('@', "s.dom")).statements;
        let found = statements[0].types.iter().any(|each| each.to_string() == "s.dom");
        assert!(found, "{place}: {statements:?}");
    }
}

#[test]
fn operators_are_found_and_implied() {
    let cases = [
        ("a = b", "="),
        ("a OPERATOR(s.@@) b", "s.@@"),
        ("!!a", "!!"),
        ("a IN (1)", "="),
        ("a NOT IN (1)", "<>"),
        ("a IN (SELECT 1)", "="),
        ("a NOT IN (SELECT 1)", "="),
        ("a LIKE b", "~~"),
        ("a NOT ILIKE b", "!~~*"),
        ("a SIMILAR TO b", "~"),
        ("a BETWEEN 1 AND 2", "<=,>="),
        ("a NOT BETWEEN 1 AND 2", "<,>"),
        ("a IS DISTINCT FROM b", "="),
        ("NULLIF(a, b)", "="),
        ("CASE a WHEN b THEN 1 END", "="),
        ("a < ANY (b)", "<"),
        ("a OPERATOR(s.<) ALL (SELECT 1)", "s.<"),
        ("a LIKE ANY (b)", "~~"),
        ("(a, b) < (c, d)", "<"),
        ("CASE WHEN a THEN b END", ""),
        ("COALESCE(a, b)", ""),
    ];
    for (expression, expected) in cases {
        let statement = facts(&format!("SELECT {expression}")).statements.remove(0);
        let found: Vec<String> = statement.operators.iter().map(ToString::to_string).collect();
        assert_eq!(found.join(","), expected, "{expression}");
    }
    let others = [
        ("SELECT 1 FROM a JOIN b USING (i)", "="),
        ("SELECT 1 FROM a NATURAL JOIN b", "="),
        ("SELECT 1 ORDER BY a USING OPERATOR(s.<)", "s.<"),
    ];
    for (text, expected) in others {
        let statement = facts(text).statements.remove(0);
        assert_eq!(statement.operators[0].to_string(), expected, "{text}");
    }
}

#[test]
fn attribute_notation_is_told() {
    let cases = [
        ("SELECT a FROM t", ""),
        ("SELECT t.* FROM t", ""),
        ("SELECT t.f FROM t", "f"),
        ("SELECT s.t.f FROM s.t", "f"),
        ("SELECT (t).f", "f"),
        ("SELECT (g()).f.h[1]", "f,h"),
        ("UPDATE t SET a.b = 1", ""),
        ("SELECT (t.f).*", "f"),
    ];
    for (text, expected) in cases {
        let statement = facts(text).statements.remove(0);
        assert_eq!(statement.fields.join(","), expected, "{text}");
    }
}

#[test]
fn syntax_calls_have_the_functions_name() {
    check(&[
        (
            "SELECT EXTRACT(year FROM a), a AT TIME ZONE b, SUBSTRING(a FROM 1), TRIM(a)",
            "SELECT Read calls=pg_catalog.btrim,pg_catalog.extract,pg_catalog.substring,pg_catalog.timezone",
        ),
        (
            "SELECT XMLELEMENT(NAME a), XMLFOREST(a), XMLPI(NAME a), XMLCONCAT(a), XMLPARSE(CONTENT a)",
            "SELECT Read calls=xmlconcat,xmlelement,xmlforest,xmlparse,xmlpi",
        ),
        (
            "SELECT JSON_VALUE(a,'$'), JSON_QUERY(a,'$'), JSON_EXISTS(a,'$'), JSON(a), JSON_SCALAR(a), JSON_SERIALIZE(a)",
            "SELECT Read calls=json,json_exists,json_query,json_scalar,json_serialize,json_value",
        ),
        (
            "SELECT JSON_OBJECT('a': 1), JSON_ARRAY(1), JSON_OBJECTAGG('a': 1), JSON_ARRAYAGG(1)",
            "SELECT Read calls=json_array,json_arrayagg,json_object,json_objectagg",
        ),
        ("SELECT json_object('{a,1}')", "SELECT Read calls=pg_catalog.json_object"),
        ("SELECT current_user, current_timestamp, localtime(3), user", "SELECT Read"),
        ("SELECT 1 FROM t TABLESAMPLE s.m (1)", "SELECT Read reads=t calls=s.m"),
        ("SELECT * FROM current_date, COALESCE(1, 2)", "SELECT Read"),
        ("SELECT db.s.f(1), s.f(1)", "SELECT Read calls=s.f"),
    ]);
}
