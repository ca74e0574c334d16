//! The loop by itself.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};

use super::*;

/// Runs a test on a loop of its own, with tokio beside it as a worker has it.
fn on_a_loop(test: impl Future<Output = ()> + 'static) {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let tokio = tokio.unwrap();
    let _entered = tokio.enter();
    let (done, mut is_done) = oneshot::channel();
    let test = async {
        timeout(Duration::from_secs(60), test).await.unwrap();
        done.send(()).unwrap();
    };
    EventLoop::new().unwrap().run(test).unwrap();
    is_done.try_recv().unwrap();
}

async fn pair() -> (Socket, Socket) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let listener = Listener::from_std(listener).unwrap();
    let (client, accepted) = tokio::join!(Socket::connect(address), listener.accept());
    (client.unwrap(), Socket::from_std(accepted.unwrap().0).unwrap())
}

#[test]
fn bytes_go_both_ways_and_the_end_is_seen() {
    on_a_loop(async {
        let (mut client, mut server) = pair().await;
        assert!(matches!((&client, &server), (Socket::Own(_), Socket::Own(_))));
        let echo = async {
            let mut buffer = [0; 5];
            while server.read_exact(&mut buffer).await.is_ok() {
                server.write_all(&buffer).await.unwrap();
            }
        };
        let ask = async {
            for word in [b"hello", b"world"] {
                let mut answer = [0; 5];
                client.write_all(word).await.unwrap();
                client.read_exact(&mut answer).await.unwrap();
                assert_eq!(answer, *word);
            }
            drop(client);
        };
        tokio::join!(echo, ask);
    });
}

#[test]
fn more_than_the_kernel_takes_waits_for_the_reader() {
    on_a_loop(async {
        let (mut client, mut server) = pair().await;
        let bytes: Vec<u8> = (0..20_000_000_u32).map(|at| at.to_le_bytes()[0]).collect();
        let (expected, mut read) = (bytes.clone(), Vec::new());
        let writing = async {
            client.write_all(&bytes).await.unwrap();
            client.shutdown().await.unwrap();
        };
        let reading = async {
            // Not at once, so that the writer has to wait.
            sleep(Duration::from_millis(50)).await;
            server.read_to_end(&mut read).await.unwrap();
        };
        tokio::join!(writing, reading);
        assert!(read == expected);
    });
}

#[test]
fn a_close_is_noticed_even_behind_unread_bytes() {
    on_a_loop(async {
        for sent in [&b""[..], b"bytes"] {
            let (mut client, server) = pair().await;
            client.write_all(sent).await.unwrap();
            let open = timeout(Duration::from_millis(100), server.closed()).await;
            assert!(open.is_err(), "{sent:?}");
            drop(client);
            timeout(Duration::from_secs(5), server.closed()).await.unwrap();
        }
    });
}

#[test]
fn a_socket_may_change_its_task() {
    on_a_loop(async {
        let (mut client, mut server) = pair().await;
        // This task has waited for it, and then another one does.
        let nothing = timeout(Duration::from_millis(20), server.read_u8()).await;
        assert!(nothing.is_err());
        let (said, hears) = oneshot::channel();
        spawn(async move {
            let _ = said.send(server.read_u8().await.unwrap());
        });
        sleep(Duration::from_millis(20)).await;
        client.write_all(b"x").await.unwrap();
        assert_eq!(hears.await.unwrap(), b'x');
    });
}

#[test]
fn times_come_in_their_order() {
    on_a_loop(async {
        let begun = crate::net::clock::boot();
        let (told, mut tells) = mpsc::unbounded_channel();
        for wait in [60, 20, 40, 0] {
            let told = told.clone();
            spawn(async move {
                sleep(Duration::from_millis(wait)).await;
                told.send((wait, crate::net::clock::boot() - begun)).unwrap();
            });
        }
        // One that is given up first, and one that is set anew.
        let given_up = timeout(Duration::from_millis(5), std::future::pending::<()>()).await;
        assert!(given_up.is_err());
        let mut again = sleep(Duration::from_secs(60));
        assert!(timeout(Duration::from_millis(1), &mut again).await.is_err());
        again.reset(crate::net::clock::boot() + 50_000);
        for expected in [0, 20, 40] {
            let (wait, took) = tells.recv().await.unwrap();
            assert_eq!(wait, expected);
            assert!(took >= wait * 1_000, "{took} us");
        }
        again.await;
        assert!(crate::net::clock::boot() - begun >= 50_000);
        assert_eq!(tells.recv().await.unwrap().0, 60);
    });
}

#[test]
fn other_threads_wake_it_and_no_waking_is_lost() {
    on_a_loop(async {
        let (told, mut tells) = mpsc::unbounded_channel();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let told = told.clone();
                std::thread::spawn(move || {
                    for round in 0..5_000_u32 {
                        told.send(round).unwrap();
                        if round.is_multiple_of(64) {
                            std::thread::sleep(Duration::from_micros(50));
                        }
                    }
                })
            })
            .collect();
        drop(told);
        let mut count = 0;
        while tells.recv().await.is_some() {
            count += 1;
        }
        assert_eq!(count, 20_000);
        for thread in threads {
            thread.join().unwrap();
        }
        // To and fro: each waking finds the loop asleep, or about to be.
        let (ask, asked) = std::sync::mpsc::channel::<oneshot::Sender<()>>();
        let answering = std::thread::spawn(move || {
            for answer in asked {
                let _ = answer.send(());
            }
        });
        for _ in 0..20_000 {
            let (answer, answered) = oneshot::channel();
            ask.send(answer).unwrap();
            answered.await.unwrap();
        }
        drop(ask);
        answering.join().unwrap();
    });
}

#[test]
fn events_and_other_threads_wake_one_task() {
    const COUNT: usize = 5_000;
    on_a_loop(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let accepted = listener.accept().unwrap().0;
        accepted.set_nonblocking(true).unwrap();
        let mut socket = Socket::from_std(accepted).unwrap();
        let (told, mut tells) = mpsc::unbounded_channel();
        let pause = |round: usize| {
            if round.is_multiple_of(16) {
                std::thread::sleep(Duration::from_micros(20));
            }
        };
        let sending = std::thread::spawn(move || {
            for round in 0..COUNT {
                std::io::Write::write_all(&mut peer, b"x").unwrap();
                pause(round);
            }
        });
        let telling = std::thread::spawn(move || {
            for round in 0..COUNT {
                told.send(()).unwrap();
                pause(round);
            }
        });
        let (mut bytes, mut count, mut buffer) = (0, 0, [0; 64]);
        while bytes < COUNT || count < COUNT {
            tokio::select! {
                read = socket.read(&mut buffer), if bytes < COUNT => bytes += read.unwrap(),
                got = tells.recv(), if count < COUNT => count += usize::from(got.is_some()),
            }
        }
        sending.join().unwrap();
        telling.join().unwrap();
    });
}

/// Panics when it is dropped, which is after its task's last poll.
struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

#[test]
fn a_task_that_panics_ends_alone() {
    on_a_loop(async {
        spawn(async { panic!("on purpose") });
        spawn(async {
            tokio::task::yield_now().await;
            panic!("on purpose")
        });
        let bad = Bad;
        spawn(std::future::poll_fn(move |_| {
            let _held = &bad;
            std::task::Poll::Ready(())
        }));
        sleep(Duration::from_millis(10)).await;
    });
}

#[test]
fn a_task_that_is_always_ready_does_not_keep_others_from_their_events() {
    on_a_loop(async {
        let (mut client, mut server) = pair().await;
        spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
        for _ in 0..100 {
            client.write_all(b"x").await.unwrap();
            assert_eq!(server.read_u8().await.unwrap(), b'x');
        }
    });
}

#[test]
fn a_peer_that_sends_without_end_holds_up_nobody() {
    on_a_loop(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let sending = std::thread::spawn(move || {
            let mut client = listener.accept().unwrap().0;
            let bytes = [7; 1 << 20];
            while std::io::Write::write_all(&mut client, &bytes).is_ok() {}
        });
        let mut socket = Socket::connect(address).await.unwrap();
        // So slowly that there is always more.
        let reading = async {
            loop {
                assert_eq!(socket.read_u8().await.unwrap(), 7);
            }
        };
        assert!(timeout(Duration::from_millis(100), reading).await.is_err());
        drop(socket);
        sending.join().unwrap();
    });
}

#[test]
fn a_loop_whose_main_task_panics_ends() {
    EventLoop::new().unwrap().run(async { panic!("on purpose") }).unwrap();
}

#[test]
fn what_is_left_is_dropped_at_the_end() {
    let (held, mut gone) = oneshot::channel::<()>();
    on_a_loop(async {
        let (client, server) = pair().await;
        spawn(async move {
            let _kept = (held, client, server);
            std::future::pending::<()>().await;
        });
        tokio::task::yield_now().await;
    });
    assert_eq!(gone.try_recv(), Err(oneshot::error::TryRecvError::Closed));
}

#[test]
fn nobody_there_is_an_error() {
    on_a_loop(async {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(Socket::connect(free).await.is_err());
        assert!(Socket::connect_host("127.0.0.1", free.port()).await.is_err());
        assert!(Socket::connect_unix(std::path::Path::new("/nowhere")).await.is_err());
    });
}
