//! The statements that the cases are made of.

/// 60 bytes, as pgbench -S sends it.
pub(crate) const POINT: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = 123456789;";

/// The same with a name in it that can be made new: no cache knows its shape then.
pub(crate) const POINT_NAMED: &str =
    "SELECT abalance AS a123456789 FROM pgbench_accounts WHERE aid = 1;";

/// Twenty lines of what a dashboard sends; `s123456789` is the name that can be made new.
pub(crate) const ANALYTICS: &str = "\
WITH monthly AS (
    SELECT date_trunc('month', o.created_at) AS month, c.region, o.customer_id,
           sum(o.total) AS total, count(*) AS orders
    FROM public.orders AS o
    JOIN public.customers AS c ON c.id = o.customer_id
    WHERE o.created_at >= now() - interval '1 year' AND o.status IN ('paid', 'shipped')
    GROUP BY 1, 2, 3
), ranked AS (
    SELECT m.*, rank() OVER (PARTITION BY m.month, m.region ORDER BY m.total DESC) AS place,
           sum(m.total) OVER (PARTITION BY m.region ORDER BY m.month) AS running
    FROM monthly AS m
)
SELECT r.month, r.region, r.customer_id, c.name, r.total, r.orders, r.place,
       round(100.0 * r.total / nullif(sum(r.total) OVER (PARTITION BY r.month), 0), 2) AS s123456789,
       coalesce(r.running, 0) AS running
FROM ranked AS r
LEFT JOIN public.customers AS c ON c.id = r.customer_id
WHERE r.place <= 10 AND EXISTS (SELECT 1 FROM public.payments AS p WHERE p.customer_id = c.id)
ORDER BY r.month DESC, r.region, r.place
LIMIT 500";

/// What stands where the number goes.
const HOLE: &str = "123456789";

/// Bytes with a number of nine digits in them that is another one each time.
#[derive(Debug)]
pub(crate) struct Fresh {
    bytes: Vec<u8>,
    at: usize,
    number: u32,
}

impl Fresh {
    /// From bytes that hold [`HOLE`] once.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let at = bytes.windows(HOLE.len()).position(|window| window == HOLE.as_bytes()).unwrap();
        Self { bytes: bytes.to_vec(), at, number: 100_000_000 }
    }

    /// The bytes with the next number.
    pub(crate) fn next(&mut self) -> &[u8] {
        self.number += 1;
        let mut rest = self.number;
        for digit in self.bytes[self.at..self.at + HOLE.len()].iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap();
            rest /= 10;
        }
        &self.bytes
    }
}
