// DBeaver's way of working: a connection for its main, its metadata and each editor, the SETs and
// catalogue queries that it sends on each, autocommit and manual commit, paged results.
// EXPECT says what becomes of an UPDATE: "refused" or "written".
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

public final class LikeDBeaver {
    private static final String[] GREETING = {
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET extra_float_digits = 3",
        "SELECT current_schema(), session_user",
        "SELECT version()",
        "SHOW search_path",
        "SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE datname = current_database()",
        "select * from pg_catalog.pg_settings where name = 'standard_conforming_strings'",
        "select string_agg(word, ',') from pg_catalog.pg_get_keywords() where word <> ALL ('{a,abs}'::text[])",
        "SELECT typinput='pg_catalog.array_in'::regproc as is_array, typtype, typname, pg_type.oid "
            + "FROM pg_catalog.pg_type LEFT JOIN (select ns.oid as nspoid, ns.nspname, r.r "
            + "from pg_namespace as ns join ( select s.r, (current_schemas(false))[s.r] as nspname "
            + "from generate_series(1, array_upper(current_schemas(false), 1)) as s(r) ) as r using ( nspname )"
            + ") as sp ON sp.nspoid = typnamespace WHERE pg_type.oid = 16 ORDER BY sp.r, pg_type.oid DESC",
    };
    private static final String[] METADATA = {
        "SELECT n.oid,n.*,d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d "
            + "ON d.objoid=n.oid AND d.objsubid=0 AND d.classoid='pg_namespace'::regclass ORDER BY nspname",
        "SELECT c.oid,c.*,d.description,pg_catalog.pg_get_expr(c.relpartbound, c.oid) as partition_expr,"
            + "pg_catalog.pg_get_partkeydef(c.oid) as partition_key FROM pg_catalog.pg_class c "
            + "LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 "
            + "AND d.classoid='pg_class'::regclass WHERE c.relnamespace='public'::regnamespace "
            + "AND c.relkind not in ('i','I','c')",
        "SELECT c.relname,a.*,pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) as def_value,dsc.description,dep.objid "
            + "FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON (a.attrelid=c.oid) "
            + "LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid=ad.adrelid AND a.attnum = ad.adnum) "
            + "LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid) "
            + "LEFT OUTER JOIN pg_depend dep on dep.refobjid = a.attrelid AND dep.deptype = 'i' "
            + "and dep.refobjsubid = a.attnum and dep.classid = dep.refclassid "
            + "WHERE NOT a.attisdropped AND c.oid='public.orders'::regclass ORDER BY a.attnum",
        "SELECT c.oid,c.*,t.relname as tabrelname,rt.relnamespace as refnamespace,d.description, "
            + "case when c.contype='c' then \"substring\"(pg_get_constraintdef(c.oid), 7) else null end consrc_copy "
            + "FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid=c.conrelid "
            + "LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid=c.confrelid "
            + "LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 "
            + "AND d.classoid='pg_constraint'::regclass WHERE c.conrelid='public.orders'::regclass ORDER BY c.oid",
        "SELECT DISTINCT dep.deptype, dep.classid, dep.objid, cl.relkind, attr.attname "
            + "FROM pg_depend dep LEFT JOIN pg_class cl ON dep.objid=cl.oid LEFT JOIN pg_attribute attr "
            + "ON dep.objid=attr.attrelid AND dep.objsubid=attr.attnum WHERE dep.refobjid='public.orders'::regclass",
        "SELECT i.*,i.indkey as keys,c.relname,c.relnamespace,c.relam,c.reltablespace,tc.relname as tabrelname,"
            + "dsc.description,pg_catalog.pg_get_expr(i.indpred, i.indrelid, true) as pred_expr,"
            + "pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) as expr,pg_catalog.pg_relation_size(i.indexrelid) as index_rel_size,"
            + "pg_catalog.pg_stat_get_numscans(i.indexrelid) as index_num_scans FROM pg_catalog.pg_index i "
            + "INNER JOIN pg_catalog.pg_class c ON c.oid=i.indexrelid INNER JOIN pg_catalog.pg_class tc ON tc.oid=i.indrelid "
            + "LEFT OUTER JOIN pg_catalog.pg_description dsc ON i.indexrelid=dsc.objoid "
            + "WHERE i.indrelid='public.orders'::regclass ORDER BY tabrelname, c.relname",
        "SELECT p.oid,p.*,pg_catalog.pg_get_function_result(p.oid) as result_type FROM pg_catalog.pg_proc p "
            + "WHERE p.pronamespace='public'::regnamespace ORDER BY p.proname",
    };

    public static void main(String[] arguments) throws Exception {
        try (Connection main = connect("DBeaver 24.2.0 - Main");
                Connection metadata = connect("DBeaver 24.2.0 - Metadata");
                Connection editor = connect("DBeaver 24.2.0 - SQLEditor <Script-1.sql>")) {
            for (String query : METADATA) {
                read(metadata, query);
            }
            // The grid: a page of rows, then the count.
            try (Statement statement = editor.createStatement()) {
                statement.setMaxRows(200);
                statement.setFetchSize(200);
                try (ResultSet rows = statement.executeQuery("SELECT o.* FROM public.orders o ORDER BY o.id")) {
                    check(count(rows) == 200, "a page");
                }
            }
            read(editor, "SELECT count(*) FROM public.orders");
            read(editor, "EXPLAIN (FORMAT JSON, ANALYZE, VERBOSE) SELECT * FROM public.orders WHERE id = 7");
            update(editor, "autocommit");
            editor.setAutoCommit(false);
            read(editor, "SELECT 1");
            update(editor, "manual");
            editor.rollback();
            read(editor, "SELECT pg_catalog.pg_get_viewdef('public.open_orders'::regclass, true)");
            editor.commit();
            read(main, "SELECT 1");
        }
        System.out.println("ok");
    }

    private static Connection connect(String name) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        properties.setProperty("password", System.getenv("PGPASSWORD"));
        properties.setProperty("ApplicationName", name);
        properties.setProperty("loginTimeout", "60");
        Connection connection = DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":"
            + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), properties);
        try (Statement statement = connection.createStatement()) {
            for (String query : GREETING) {
                statement.execute(query);
            }
            statement.execute("SET application_name = '" + name + "'");
        }
        return connection;
    }

    private static void read(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(query)) {
            check(count(rows) > 0, query);
        }
    }

    private static void update(Connection connection, String how) throws SQLException {
        boolean refused = System.getenv("EXPECT").equals("refused");
        try (Statement statement = connection.createStatement()) {
            int rows = statement.executeUpdate("UPDATE public.orders SET note = '" + how + "' WHERE id = 8");
            check(!refused && rows == 1, how + " came through");
        } catch (SQLException error) {
            check(refused && error.getSQLState().equals("25006"), how + ": " + error.getMessage());
            check(error.getMessage().contains("pgward grant extend "), "it teaches: " + error.getMessage());
        }
    }

    private static int count(ResultSet rows) throws SQLException {
        int count = 0;
        while (rows.next()) {
            count++;
        }
        return count;
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
