//! What a compressed connection promises, towards a peer that has its own zlib.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use proptest::prelude::*;

use super::*;

/// The client's side.
struct Peer {
    stream: DuplexStream,
    compress: Compress,
    decompress: Decompress,
}

impl Peer {
    fn new(stream: DuplexStream) -> Self {
        Self {
            stream,
            compress: Compress::new(Compression::new(6), false),
            decompress: Decompress::new(false),
        }
    }

    fn compressed(&mut self, bytes: &[u8], flush: FlushCompress) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() * 2 + 1000);
        self.compress.compress_vec(bytes, &mut out, flush).unwrap();
        out
    }

    async fn write(&mut self, bytes: &[u8]) {
        let compressed = self.compressed(bytes, FlushCompress::Sync);
        self.stream.write_all(&compressed).await.unwrap();
    }

    /// Reads until `count` bytes have been decompressed; answers them and what came behind the end of the stream.
    async fn read(&mut self, count: usize) -> (Vec<u8>, Vec<u8>) {
        let (mut got, mut chunk) = (Vec::with_capacity(count + 64), [0; 4096]);
        loop {
            let n = timeout(SOON, self.stream.read(&mut chunk)).await.unwrap().unwrap();
            let before = self.decompress.total_in();
            got.reserve(count + 64);
            let status =
                self.decompress.decompress_vec(&chunk[..n], &mut got, FlushDecompress::Sync).unwrap();
            let taken = (self.decompress.total_in() - before) as usize;
            if status == Status::StreamEnd {
                return (got, chunk[taken..n].to_vec());
            }
            assert_eq!(taken, n);
            if got.len() >= count {
                return (got, Vec::new());
            }
        }
    }
}

async fn compressed(room: usize) -> (Conn, Peer) {
    let (mut conn, client) = pair(room);
    conn.start_compression(&mut Vec::new()).await.unwrap();
    (conn, Peer::new(client))
}

async fn line(conn: &mut Conn) -> Vec<u8> {
    let mut got = Vec::new();
    while !got.ends_with(b"\n") {
        conn.fill(&mut got, SOON).await.unwrap();
    }
    got
}

#[tokio::test]
async fn what_is_flushed_arrives_whole_and_at_once() {
    let (mut conn, mut peer) = compressed(1 << 16).await;
    for text in ["* OK first\r\n", "* OK second\r\n"] {
        conn.out().extend_from_slice(text.as_bytes());
        conn.flush().await.unwrap();
        assert_eq!(peer.read(text.len()).await.0, text.as_bytes());
    }
    assert!(conn.is_compressed());
}

#[tokio::test]
async fn what_is_read_is_decompressed() {
    let (mut conn, mut peer) = compressed(1 << 16).await;
    peer.write(b"a NOOP\r\n").await;
    assert_eq!(line(&mut conn).await, b"a NOOP\r\n");
    peer.write(b"b NOOP\r\n").await;
    assert_eq!(line(&mut conn).await, b"b NOOP\r\n");
}

#[tokio::test]
async fn what_has_come_before_is_taken_for_compressed() {
    let (mut conn, client) = pair(1 << 16);
    let mut peer = Peer::new(client);
    let mut received = peer.compressed(b"a NOOP\r\n", FlushCompress::Sync);
    conn.start_compression(&mut received).await.unwrap();
    assert!(received.is_empty());
    assert_eq!(line(&mut conn).await, b"a NOOP\r\n");
}

#[tokio::test]
async fn a_megabyte_passes_a_narrow_stream() {
    let (mut conn, mut peer) = compressed(100).await;
    let bytes: Vec<u8> = (0..1u32 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let sent = bytes.clone();
    let sending = tokio::spawn(async move {
        conn.send(&sent).await.unwrap();
        conn.flush().await.unwrap();
        conn
    });
    assert!(peer.read(bytes.len()).await.0 == bytes);
    sending.await.unwrap();
}

#[tokio::test]
async fn a_bomb_comes_in_pieces() {
    let (mut conn, mut peer) = compressed(1 << 20).await;
    let bomb = vec![0; 64 << 20];
    let bomb = peer.compressed(&bomb, FlushCompress::Sync);
    assert!(bomb.len() < 100_000);
    peer.stream.write_all(&bomb).await.unwrap();
    let mut got = Vec::new();
    for _ in 0..100 {
        got.clear();
        assert!(conn.fill(&mut got, SOON).await.unwrap() <= READ_BYTES_MAX);
    }
}

#[tokio::test]
async fn what_is_not_compressed_breaks_the_connection() {
    let (mut conn, mut peer) = compressed(1 << 16).await;
    peer.stream.write_all(b"~~~ plain text\r\n").await.unwrap();
    let broken = conn.fill(&mut Vec::new(), SOON).await;
    assert!(matches!(broken, Err(Lost::Broken(_))), "{broken:?}");
}

#[tokio::test(start_paused = true)]
async fn the_peer_does_not_notice_that_a_silent_connection_gives_back_its_compressor() {
    let (mut conn, mut peer) = compressed(1 << 16).await;
    for text in [&b"* OK before\r\n"[..], b"* OK before and after\r\n"] {
        conn.out().extend_from_slice(text);
        let silent = conn.fill(&mut Vec::new(), 2 * RELEASE_AFTER).await;
        assert!(matches!(silent, Err(Lost::Silent { .. })));
        assert_eq!(peer.read(text.len()).await.0, text);
    }
}

#[tokio::test]
async fn plain_text_follows_the_end_of_compression_in_both_directions() {
    // Whether the peer ends its stream with its last line or behind it.
    for end in [&[FlushCompress::Finish][..], &[FlushCompress::Sync, FlushCompress::Finish]] {
        let (mut conn, mut peer) = compressed(1 << 16).await;
        let mut last = peer.compressed(b"a LAST\r\n", end[0]);
        for &further in &end[1..] {
            last.extend(peer.compressed(b"", further));
        }
        last.extend_from_slice(b"b PLAIN\r\n");
        peer.stream.write_all(&last).await.unwrap();
        assert_eq!(line(&mut conn).await, b"a LAST\r\n");
        conn.out().extend_from_slice(b"a OK\r\n");
        let mut received = Vec::new();
        conn.stop_compression(&mut received).await.unwrap();
        assert_eq!(received, b"b PLAIN\r\n");
        conn.out().extend_from_slice(b"b OK\r\n");
        conn.flush().await.unwrap();
        assert!(!conn.is_compressed());
        let (got, behind) = peer.read(100).await;
        assert_eq!(got, b"a OK\r\n");
        assert!(b"b OK\r\n".starts_with(&behind));
    }
}

#[tokio::test]
async fn the_end_of_compression_may_come_late_or_never() {
    for ends in [true, false] {
        let (mut conn, mut peer) = compressed(1 << 16).await;
        peer.write(b"a LAST\r\n").await;
        assert_eq!(line(&mut conn).await, b"a LAST\r\n");
        conn.stop_compression(&mut Vec::new()).await.unwrap();
        let end = if ends { peer.compressed(b"", FlushCompress::Finish) } else { Vec::new() };
        peer.stream.write_all(&[&end[..], b"b PLAIN\r\n"].concat()).await.unwrap();
        assert_eq!(line(&mut conn).await, b"b PLAIN\r\n");
        peer.stream.write_all(b"\x03 c\r\n").await.unwrap();
        assert_eq!(line(&mut conn).await, b"\x03 c\r\n", "only the first line may have something before it");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_written_arrives(
        pieces in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 1..5000), any::<bool>()), 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (mut conn, mut peer) = compressed(1 << 20).await;
            for (bytes, quiet) in &pieces {
                conn.send(bytes).await.unwrap();
                conn.flush().await.unwrap();
                if *quiet {
                    conn.stream.release();
                }
                assert_eq!(&peer.read(bytes.len()).await.0, bytes);
            }
        });
    }
}
