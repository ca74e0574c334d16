// node-postgres: connect, parameterised reads, transactions, metadata, a refused write.
const assert = require('node:assert');
const { Client, Pool } = require('pg');

async function main() {
  const client = new Client();
  await client.connect();
  const read = await client.query('SELECT id, note, extra FROM public.orders WHERE id = $1', [7]);
  assert.deepStrictEqual(read.rows, [{ id: 7, note: 'order 7', extra: { n: 7 } }]);
  for (let n = 0; n < 5; n += 1) {
    const named = await client.query({ name: 'by-id', text: 'SELECT $1::int + 1 AS next', values: [n] });
    assert.strictEqual(named.rows[0].next, n + 1);
  }
  const columns = await client.query(
    "SELECT column_name FROM information_schema.columns WHERE table_name = 'accounts'");
  assert.strictEqual(columns.rowCount, 4);
  await assert.rejects(
    client.query('UPDATE public.orders SET note = $1 WHERE id = $2', ['x', 7]),
    (error) => error.code === '25006' && error.message.startsWith('pgward: ') && Boolean(error.hint));
  await client.query('BEGIN');
  await assert.rejects(client.query('DELETE FROM public.orders'), { code: '25006' });
  await assert.rejects(client.query('SELECT 1'), { code: '25P02' });
  await client.query('ROLLBACK');
  assert.strictEqual((await client.query('SELECT 1 AS one')).rows[0].one, 1);
  await client.end();
  const pool = new Pool({ max: 5 });
  const sums = await Promise.all(
    Array.from({ length: 40 }, (_, n) => pool.query('SELECT $1::int AS n', [n])));
  assert.deepStrictEqual(sums.map((r) => r.rows[0].n), Array.from({ length: 40 }, (_, n) => n));
  await pool.end();
  console.log('ok');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
