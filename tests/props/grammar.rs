//! Random SQL of a small grammar of our own, whose truth is known: a text is a read, or has one
//! write somewhere, at any depth. Rendered in random case, with random blanks, comments and
//! quotes, which change nothing of what it means.

/// A generator of numbers that is the same everywhere (xorshift64*).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        // A state of zero would stay so.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    /// Below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    pub(crate) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// Once in `n`.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// What a text is made of.
#[derive(Debug, Clone)]
enum Token {
    /// A keyword or a sign: its case is of no account.
    Word(&'static str),
    /// The name of something that is there.
    Name(&'static str),
    /// A string's value.
    Text(&'static str),
    Number(usize),
}

use Token::{Name, Number, Text, Word};

/// A text in the making: where a write could stand is counted, and in one of these it does.
struct Maker {
    dice: Dice,
    tokens: Vec<Token>,
    depth: usize,
    sites: usize,
    /// The site where the write goes.
    write_at: Option<usize>,
    /// Where a write would not be run: EXPLAIN without ANALYZE.
    silent: bool,
}

/// Calls that are refused on reads, in the places of expressions of type integer.
const CALLS: [&[Token]; 6] = [
    &[Name("nextval"), Word("("), Text("public.tickets"), Word(")"), Word("::"), Word("int")],
    &[
        Name("pg_catalog"),
        Word("."),
        Name("nextval"),
        Word("("),
        Text("public.tickets"),
        Word(")"),
        Word("::"),
        Word("int"),
    ],
    &[Name("lo_create"), Word("("), Number(0), Word(")"), Word("::"), Word("int")],
    &[
        Name("pg_advisory_lock"),
        Word("("),
        Number(7),
        Word(")"),
        Word("IS"),
        Word("NULL"),
        Word("::"),
        Word("int"),
    ],
    &[
        Name("setval"),
        Word("("),
        Text("public.tickets"),
        Word(","),
        Number(9),
        Word(")"),
        Word("::"),
        Word("int"),
    ],
    &[
        Name("length"),
        Word("("),
        Name("set_config"),
        Word("("),
        Text("default_transaction_read_only"),
        Word(","),
        Text("off"),
        Word(","),
        Word("false"),
        Word(")"),
        Word(")"),
    ],
];

/// A read, or a text with one write in it.
pub(crate) fn text(seed: u64, writes: bool) -> String {
    let mut maker = Maker::new(seed, None);
    maker.text();
    if writes {
        let sites = maker.sites;
        let at = Dice::new(seed ^ 0x00ff_00ff).below(sites);
        maker = Maker::new(seed, Some(at));
        maker.text();
    }
    render(&maker.tokens, &mut Dice::new(seed ^ 0x5555))
}

impl Maker {
    fn new(seed: u64, write_at: Option<usize>) -> Self {
        Self {
            dice: Dice::new(seed),
            tokens: Vec::new(),
            depth: 0,
            sites: 0,
            write_at,
            silent: false,
        }
    }

    /// Whether the write stands here. Rolls no dice: both runs make the same text around it.
    fn here(&mut self) -> bool {
        if self.silent {
            return false;
        }
        self.sites += 1;
        self.write_at == Some(self.sites - 1)
    }

    fn words(&mut self, words: &'static str) {
        self.tokens.extend(words.split(' ').map(Word));
    }

    fn text(&mut self) {
        for n in 0..=self.dice.below(3) / 2 {
            if n > 0 {
                self.words(";");
            }
            if self.here() {
                self.write();
                continue;
            }
            self.statement();
        }
    }

    fn statement(&mut self) {
        match self.dice.below(8) {
            0 => {
                self.words("EXPLAIN");
                self.silent = self.dice.one_in(2);
                if !self.silent {
                    self.words("( ANALYZE , COSTS OFF )");
                }
                self.query();
                self.silent = false;
            }
            1 => {
                self.words("COPY (");
                if self.here() {
                    self.returning()
                } else {
                    self.query()
                }
                self.words(") TO STDOUT");
            }
            _ => self.query(),
        }
    }

    /// A statement that writes.
    fn write(&mut self) {
        match self.tokens.len() % 7 {
            0 => self.words("DELETE FROM sales . leads"),
            1 => self.words("TRUNCATE public . victim"),
            2 => self.words("CREATE TABLE stolen AS SELECT 1 AS a"),
            3 => self.words("EXPLAIN ANALYZE DELETE FROM sales . leads"),
            4 => self.words("MERGE INTO sales . leads l USING accounts a ON a . id = l . id WHEN MATCHED THEN DELETE"),
            5 => self.words("SELECT 1 AS a INTO stolen"),
            _ => self.returning(),
        }
    }

    /// One with rows.
    fn returning(&mut self) {
        match self.tokens.len() % 3 {
            0 => self.words("INSERT INTO public . victim VALUES ( 1 ) RETURNING 1"),
            1 => self.words("UPDATE orders SET account_id = 1 RETURNING 1"),
            _ => self.words("DELETE FROM sales . leads RETURNING 1"),
        }
    }

    fn query(&mut self) {
        self.depth += 1;
        // Data-modifying WITH stands at the top only.
        if self.depth == 1 && self.dice.one_in(3) {
            self.words("WITH");
            for n in 0..=self.dice.below(2) {
                if n > 0 {
                    self.words(",");
                }
                self.tokens.push(Name(["c1", "c2", "c3"][n]));
                self.words("AS (");
                if self.here() {
                    self.returning()
                } else {
                    self.query()
                }
                self.words(")");
            }
        }
        self.body();
        if self.depth == 1 && self.here() {
            self.words("FOR UPDATE");
        }
        self.depth -= 1;
    }

    fn body(&mut self) {
        match if self.depth > 4 { 3 } else { self.dice.below(10) } {
            0 => {
                self.words("VALUES (");
                self.integer();
                self.words(") , (");
                self.integer();
                self.words(")");
            }
            1 => {
                self.words("( SELECT");
                self.integer();
                self.words(") UNION ALL ( SELECT");
                self.integer();
                self.words(")");
            }
            2 => {
                self.words("(");
                self.body();
                self.words(")");
            }
            _ => self.select(),
        }
    }

    fn select(&mut self) {
        self.words("SELECT");
        self.integer();
        if self.dice.one_in(3) {
            self.words(",");
            self.condition();
        }
        self.words("FROM");
        self.relation();
        if self.dice.one_in(2) {
            self.words("WHERE");
            self.condition();
        }
        if self.dice.one_in(4) {
            self.words("ORDER BY");
            self.tokens.push(Number(1));
        }
        if self.dice.one_in(5) {
            self.words("LIMIT");
            self.integer();
        }
    }

    fn relation(&mut self) {
        match if self.depth > 4 { 3 } else { self.dice.below(6) } {
            0 => {
                self.words("(");
                self.query();
                self.words(") AS");
                self.tokens.push(Name("r"));
            }
            1 => {
                self.words("generate_series ( 1 ,");
                self.integer();
                self.words(") AS");
                self.tokens.push(Name("g"));
            }
            2 => {
                self.tokens.push(Name("accounts"));
                self.words("AS a LEFT JOIN");
                self.tokens.push(Name("orders"));
                self.words("AS o ON");
                self.condition();
            }
            3 => self.tokens.extend([Name("public"), Word("."), Name("orders")]),
            4 => self.tokens.extend([Name("sales"), Word("."), Name("leads")]),
            _ => {
                self.tokens.push(Name("accounts"));
                self.words("CROSS JOIN LATERAL ( SELECT");
                self.integer();
                self.words(") AS");
                self.tokens.push(Name("l"));
            }
        }
    }

    /// An expression of type integer.
    fn integer(&mut self) {
        self.depth += 1;
        if self.here() {
            let call = CALLS[self.tokens.len() % CALLS.len()];
            self.words("(");
            self.tokens.extend(call.iter().cloned());
            self.words(")");
        }
        let written = !self.silent && self.write_at.is_some_and(|at| at + 1 == self.sites);
        if written {
            // The rest of the expression stays, so that both runs roll the same dice.
            self.words("+");
        }
        let n = self.dice.below(1_000);
        match if self.depth > 6 { 0 } else { self.dice.below(9) } {
            0 | 1 => self.tokens.push(Number(n)),
            2 => {
                self.tokens.extend([Name("abs"), Word("(")]);
                self.integer();
                self.words(")");
            }
            3 => {
                self.words("( SELECT");
                self.integer();
                self.words("LIMIT 1 )");
            }
            4 => {
                self.words("CASE WHEN");
                self.condition();
                self.words("THEN");
                self.integer();
                self.words("ELSE");
                self.integer();
                self.words("END");
            }
            5 => {
                self.words("coalesce ( NULL ,");
                self.integer();
                self.words(")");
            }
            6 => {
                self.words("( ARRAY [");
                self.integer();
                self.words(", 2 ] ) [");
                self.integer();
                self.words("]");
            }
            7 => {
                self.tokens.extend([Name("length"), Word("("), Text("it is ; -- not a comment")]);
                self.words(")");
            }
            _ => {
                self.words("(");
                self.integer();
                self.words("+");
                self.integer();
                self.words(")");
            }
        }
        self.depth -= 1;
    }

    fn condition(&mut self) {
        match self.dice.below(6) {
            0 => {
                self.integer();
                self.words("IN ( 1 ,");
                self.integer();
                self.words(")");
            }
            1 => {
                self.words("EXISTS ( SELECT FROM");
                self.relation();
                self.words(")");
            }
            2 => {
                self.integer();
                self.words("IS NOT NULL");
            }
            3 => {
                self.tokens.push(Text("o'clock /* $$"));
                self.words("LIKE");
                self.tokens.push(Text("%\\_x"));
            }
            4 => {
                self.words("NOT (");
                self.integer();
                self.words("> 3 )");
            }
            _ => {
                self.integer();
                self.words("BETWEEN 0 AND");
                self.integer();
            }
        }
    }
}

fn render(tokens: &[Token], dice: &mut Dice) -> String {
    let mut out = String::new();
    for token in tokens {
        blank(&mut out, dice);
        match token {
            Word(word) => cased(&mut out, word, dice),
            Name(name) => named(&mut out, name, dice),
            Number(n) => out.push_str(&n.to_string()),
            Text(text) => quoted(&mut out, text, dice),
        }
    }
    blank(&mut out, dice);
    out
}

fn blank(out: &mut String, dice: &mut Dice) {
    let blanks = [
        " ",
        "  ",
        "\n",
        "\t",
        " ",
        " ",
        " ",
        " /* x */ ",
        "/* ; /* ' */ $$ */ ",
        " -- '; DELETE\n",
        " --/*\r",
        "\u{c}",
    ];
    out.push_str(dice.pick(&blanks));
}

fn cased(out: &mut String, word: &str, dice: &mut Dice) {
    match dice.below(3) {
        0 => out.push_str(word),
        1 => out.push_str(&word.to_ascii_lowercase()),
        _ => {
            for (n, c) in word.chars().enumerate() {
                out.push(if n % 2 == 0 { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() });
            }
        }
    }
}

fn named(out: &mut String, name: &str, dice: &mut Dice) {
    match dice.below(5) {
        0 => out.push_str(&name.to_ascii_uppercase()),
        1 => out.push_str(&format!("\"{name}\"")),
        2 => {
            let (first, rest) = name.split_at(1);
            out.push_str(&format!("U&\"\\{:04x}{rest}\"", u32::from(first.as_bytes()[0])));
        }
        _ => out.push_str(name),
    }
}

fn quoted(out: &mut String, text: &str, dice: &mut Dice) {
    match dice.below(5) {
        0 => out.push_str(&format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))),
        1 => out.push_str(&format!("$q$_{text}$q$").replace("$q$_", "$q$")),
        2 => out.push_str(&format!("U&'{}'", text.replace('\\', "\\\\").replace('\'', "''"))),
        3 => {
            let (first, rest) = text.split_at(1);
            out.push_str(&format!("'{}'\n '{}'", first, rest.replace('\'', "''")));
        }
        _ => out.push_str(&format!("'{}'", text.replace('\'', "''"))),
    }
}
