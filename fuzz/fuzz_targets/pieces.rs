//! Captures of packets and snapshots of etcd are the same however they are cut into pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talos_client::parse::Proof;
use talos_client::{Packet, PcapReader};

fuzz_target!(|data: &[u8]| {
    let Some((length, data)) = data.split_first() else { return };
    let length = usize::from(*length).max(1);

    assert_eq!(packets(data, length), packets(data, data.len().max(1)));

    let proof = |length: usize| {
        let mut proof = Proof::new();
        data.chunks(length).for_each(|piece| proof.update(piece));
        proof.finish().map_err(|error| error.to_string())
    };
    assert_eq!(proof(length), proof(data.len().max(1)));
});

/// What was read before the end or an error, and whether there was an error.
fn packets(data: &[u8], length: usize) -> (Vec<Packet>, bool) {
    let mut reader = PcapReader::new();
    let mut packets = Vec::new();
    for piece in data.chunks(length) {
        reader.push(piece);
        loop {
            match reader.next_packet() {
                Ok(Some(packet)) => packets.push(packet),
                Ok(None) => break,
                Err(error) => {
                    assert!(error.to_string().len() < 1000);
                    return (packets, true);
                }
            }
        }
    }
    assert!(packets.iter().map(|packet| packet.data.len()).sum::<usize>() <= data.len());
    (packets, false)
}
