//! [`Folder`]: Unix sockets that lead to a TCP address.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpStream, UnixListener, UnixStream};

/// A folder for Unix sockets, which is removed when this is dropped.
pub(crate) struct Folder {
    path: PathBuf,
    sockets: AtomicUsize,
}

impl Folder {
    pub(crate) fn new() -> io::Result<Self> {
        static FOLDERS: AtomicUsize = AtomicUsize::new(0);
        let name = format!("convex-mgmt-{}-{}", std::process::id(), FOLDERS.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(Self { path, sockets: AtomicUsize::new(0) })
    }

    /// Relays the connections of a new Unix socket to an address. If nobody listens there, nobody listens at the socket.
    pub(crate) fn relay(&self, address: SocketAddr) -> io::Result<PathBuf> {
        let path = self.path.join(self.sockets.fetch_add(1, Ordering::Relaxed).to_string());
        if std::net::TcpStream::connect(address).is_ok() {
            let listener = UnixListener::bind(&path)?;
            tokio::spawn(async move {
                while let Ok((near, _)) = listener.accept().await {
                    tokio::spawn(forward(near, address));
                }
            });
        }
        Ok(path)
    }
}

async fn forward(mut near: UnixStream, address: SocketAddr) -> io::Result<(u64, u64)> {
    copy_bidirectional(&mut near, &mut TcpStream::connect(address).await?).await
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.path));
    }
}
