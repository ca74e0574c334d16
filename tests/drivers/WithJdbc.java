// JDBC: connect, parameterised reads, transactions, metadata, a refused write.
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

public final class WithJdbc {
    public static void main(String[] arguments) throws Exception {
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT")
            + "/" + System.getenv("PGDATABASE");
        try (Connection connection = DriverManager.getConnection(
                url, System.getenv("PGUSER"), System.getenv("PGPASSWORD"))) {
            // The driver prepares on the server from the fifth execution on.
            try (PreparedStatement read = connection.prepareStatement(
                    "SELECT id, note FROM public.orders WHERE id = ?")) {
                for (int id = 1; id <= 12; id++) {
                    read.setInt(1, id);
                    try (ResultSet rows = read.executeQuery()) {
                        check(rows.next() && rows.getInt(1) == id && rows.getString(2).equals("order " + id), "read");
                    }
                }
            }
            DatabaseMetaData meta = connection.getMetaData();
            check(count(meta.getTables(null, "public", "%", new String[] {"TABLE", "VIEW"})) >= 7, "getTables");
            check(count(meta.getColumns(null, "public", "orders", "%")) == 9, "getColumns");
            check(count(meta.getPrimaryKeys(null, "public", "orders")) == 1, "getPrimaryKeys");
            check(count(meta.getImportedKeys(null, "public", "orders")) == 1, "getImportedKeys");
            check(count(meta.getExportedKeys(null, "public", "accounts")) == 1, "getExportedKeys");
            check(count(meta.getIndexInfo(null, "public", "orders", false, false)) == 2, "getIndexInfo");
            check(count(meta.getSchemas()) >= 2, "getSchemas");
            check(count(meta.getTypeInfo()) > 50, "getTypeInfo");
            check(count(meta.getFunctions(null, "public", "%")) >= 3, "getFunctions");
            check(count(meta.getProcedures(null, "public", "%")) >= 1, "getProcedures");
            check(count(meta.getTablePrivileges(null, "public", "orders")) >= 1, "getTablePrivileges");
            refused(connection);
            connection.setAutoCommit(false);
            refused(connection);
            connection.rollback();
            try (Statement cursor = connection.createStatement()) {
                cursor.setFetchSize(100);
                try (ResultSet rows = cursor.executeQuery("SELECT generate_series(1, 1000)")) {
                    check(count(rows) == 1000, "cursor");
                }
            }
            connection.commit();
            connection.setReadOnly(true);
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT 1")) {
                check(rows.next(), "read only");
            }
            connection.commit();
        }
        System.out.println("ok");
    }

    private static void refused(Connection connection) throws SQLException {
        try (PreparedStatement write = connection.prepareStatement(
                "UPDATE public.orders SET note = ? WHERE id = ?")) {
            write.setString(1, "x");
            write.setInt(2, 7);
            write.executeUpdate();
            check(false, "the write came through");
        } catch (SQLException error) {
            check("25006".equals(error.getSQLState()) && error.getMessage().contains("pgward: UPDATE"), error.toString());
        }
    }

    private static int count(ResultSet rows) throws SQLException {
        int count = 0;
        while (rows.next()) {
            count++;
        }
        rows.close();
        return count;
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
