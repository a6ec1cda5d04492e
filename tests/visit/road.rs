//! A road to a server that can be closed: whoever is on it is cut off, whoever comes is turned away.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A port that leads to another.
pub struct Road {
    address: SocketAddr,
    to: String,
    open: Option<JoinHandle<()>>,
}

impl Road {
    /// A road to the host and port of a URL like `scheme://login@127.0.0.1:port/database`.
    pub async fn to(url: &str) -> Self {
        let to = url.split('@').nth(1).unwrap().split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let open = Some(tokio::spawn(serve(listener, to.clone())));
        Self { address, to, open }
    }

    /// The same URL by this road.
    pub fn by(&self, url: &str) -> String {
        url.replace(&self.to, &self.address.to_string())
    }

    /// Closes it.
    pub async fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.abort();
            let _ = open.await;
        }
    }

    /// Opens it again.
    pub async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.open = Some(tokio::spawn(serve(listener, self.to.clone())));
    }
}

/// Dropping the set ends everything that is under way.
async fn serve(listener: TcpListener, to: String) {
    let mut under_way = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let to = to.clone();
        under_way.spawn(async move {
            if let Ok(mut server) = TcpStream::connect(to).await {
                let _ = copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}
