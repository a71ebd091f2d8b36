//! A DNS client with a chosen source address.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinEncodable};

/// CoreDNS waits five seconds for each of two etcd requests before it answers SERVFAIL.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The maximum number of attempts over UDP: packets are lost until the server listens.
const MAX_ATTEMPTS: u32 = 4;

/// A client of a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    pub(crate) from: Ipv4Addr,
    pub(crate) server: SocketAddr,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer(Message);

impl Client {
    /// Sends a query over UDP.
    pub(crate) fn query(&self, name: &str, kind: RecordType) -> Result<Answer, String> {
        let (request, bytes) = request(name, kind);
        let socket = UdpSocket::bind((self.from, 0)).map_err(|error| error.to_string())?;
        let exchange = || {
            socket.set_read_timeout(Some(TIMEOUT / MAX_ATTEMPTS))?;
            let mut buffer = vec![0; 4096];
            let mut attempts = 1;
            loop {
                socket.send_to(&bytes, self.server)?;
                match socket.recv_from(&mut buffer) {
                    Ok((length, _)) => {
                        buffer.truncate(length);
                        return Ok(buffer);
                    }
                    Err(error) if attempts == MAX_ATTEMPTS => return Err(error),
                    Err(_) => attempts += 1,
                }
            }
        };
        answer(&request, exchange())
    }

    /// Sends a query over TCP.
    pub(crate) fn query_tcp(&self, name: &str, kind: RecordType) -> Result<Answer, String> {
        let (request, bytes) = request(name, kind);
        let exchange = || {
            let mut stream = TcpStream::connect_timeout(&self.server, TIMEOUT)?;
            stream.set_read_timeout(Some(TIMEOUT))?;
            let length = u16::try_from(bytes.len()).expect("a short request");
            stream.write_all(&length.to_be_bytes())?;
            stream.write_all(&bytes)?;
            let mut length = [0; 2];
            stream.read_exact(&mut length)?;
            let mut buffer = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut buffer)?;
            Ok(buffer)
        };
        answer(&request, exchange())
    }

    /// Returns the sorted addresses of a name, or an error if it has no address.
    pub(crate) fn addresses(&self, name: &str) -> Result<Vec<Ipv4Addr>, String> {
        self.query(name, RecordType::A)?.addresses()
    }
}

fn request(name: &str, kind: RecordType) -> (Message, Vec<u8>) {
    let mut name = Name::from_ascii(name).expect("a name");
    name.set_fqdn(true);
    let mut query = Query::query(name, kind);
    query.set_query_class(DNSClass::IN);
    let id = u16::try_from(std::process::id() % 65_536).unwrap_or_default();
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(query);
    let bytes = message.to_bytes().expect("a request");
    (message, bytes)
}

fn answer(request: &Message, bytes: std::io::Result<Vec<u8>>) -> Result<Answer, String> {
    let bytes = bytes.map_err(|error| format!("no answer to {:?}: {error}", request.queries))?;
    let message = Message::from_bytes(&bytes).map_err(|error| error.to_string())?;
    assert_eq!(
        message.metadata.id, request.metadata.id,
        "an answer to another request"
    );
    assert_eq!(
        message.queries, request.queries,
        "an answer to another request"
    );
    Ok(Answer(message))
}

impl Answer {
    pub(crate) fn code(&self) -> ResponseCode {
        self.0.metadata.response_code
    }

    pub(crate) fn is_authoritative(&self) -> bool {
        self.0.metadata.authoritative
    }

    pub(crate) fn records(&self) -> &[Record] {
        &self.0.answers
    }

    /// Returns the targets of NS and CNAME records.
    pub(crate) fn targets(&self) -> Vec<String> {
        let names = self
            .0
            .answers
            .iter()
            .filter_map(|record| match &record.data {
                RData::NS(name) => Some(name.0.to_ascii()),
                RData::CNAME(name) => Some(name.0.to_ascii()),
                _ => None,
            });
        names.collect()
    }

    /// Returns the zone of the SOA record in the authority section.
    pub(crate) fn soa(&self) -> Option<String> {
        let records = self.0.authorities.iter();
        let mut soa = records.filter(|record| record.record_type() == RecordType::SOA);
        soa.next().map(|record| record.name.to_ascii())
    }

    /// Returns the sorted addresses in the answer, or an error if it has no address.
    pub(crate) fn addresses(&self) -> Result<Vec<Ipv4Addr>, String> {
        let addresses = self
            .0
            .answers
            .iter()
            .filter_map(|record| match record.data.ip_addr() {
                Some(IpAddr::V4(address)) => Some(address),
                _ => None,
            });
        let mut addresses: Vec<Ipv4Addr> = addresses.collect();
        addresses.sort();
        match addresses.is_empty() {
            true => Err(format!("{}, no address", self.code())),
            false => Ok(addresses),
        }
    }
}
