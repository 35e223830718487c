//! A wire to what nodes share, which can be cut: what is sent over it then arrives nowhere, and neither end is told.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// What the wire leads to.
#[derive(Clone)]
pub(crate) enum Far {
    /// Host and port.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// A running wire, until the process ends.
pub(crate) struct Wire {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    cut: Mutex<bool>,
    mended: Condvar,
}

impl Wire {
    pub(crate) fn to(far: Far) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it has an address");
        let state = Arc::<State>::default();
        let (kept, at) = (state.clone(), far);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let (state, far) = (kept.clone(), at.clone());
                thread::spawn(move || join(near, &far, &state));
            }
        });
        Self { address, state }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing gets through.
    pub(crate) fn cut(&self) {
        *self.state.cut.lock().expect("nobody panics with it") = true;
    }

    /// Lets through what was held back, late, and all that comes.
    pub(crate) fn mend(&self) {
        *self.state.cut.lock().expect("nobody panics with it") = false;
        self.state.mended.notify_all();
    }
}

impl State {
    fn wait_until_whole(&self) {
        let mut cut = self.cut.lock().expect("nobody panics with it");
        while *cut {
            cut = self.mended.wait(cut).expect("nobody panics with it");
        }
    }
}

fn join(near: TcpStream, far: &Far, state: &Arc<State>) {
    state.wait_until_whole();
    let both = |far: Box<dyn Both>| {
        let (back, near_end) = (far.other(), near.try_clone().expect("a socket has a second handle"));
        let (there, state_there) = (far, state.clone());
        thread::spawn(move || pass(Box::new(near_end), there, &state_there));
        pass(back, Box::new(near), state);
    };
    match far {
        Far::Tcp(address) => TcpStream::connect(address).map(|far| both(Box::new(far))),
        Far::Unix(path) => UnixStream::connect(path).map(|far| both(Box::new(far))),
    }
    // Whoever cannot be reached closes the near end by that.
    .unwrap_or_default();
}

fn pass(mut from: Box<dyn Both>, mut to: Box<dyn Both>, state: &State) {
    let mut bytes = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        state.wait_until_whole();
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    state.wait_until_whole();
    from.end();
    to.end();
}

/// Either kind of socket.
trait Both: Read + Write + Send {
    /// A second handle.
    fn other(&self) -> Box<dyn Both>;
    /// Ends the connection.
    fn end(&self);
}

macro_rules! both {
    ($($socket:ty),*) => {$(
        impl Both for $socket {
            fn other(&self) -> Box<dyn Both> {
                Box::new(self.try_clone().expect("a socket has a second handle"))
            }

            fn end(&self) {
                // It may have ended from the other side.
                let _ = self.shutdown(Shutdown::Both);
            }
        }
    )*};
}

both!(TcpStream, UnixStream);
