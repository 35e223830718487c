//! URLs and addresses, which the guard must read as whoever dials them does.

use std::net::{IpAddr, SocketAddr};

use fieldhook_core::origin::Origin;
use fieldhook_server::outbound::{Target, judge, literal};
use url::Url;

/// The origin of a URL is the one that a browser finds, and the guard sees through every spelling of an address.
pub(crate) fn addresses_are_read_as_others_read_them(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok((origin, at)) = Origin::split(&text) {
        assert!(text.is_char_boundary(at));
        assert!(!origin.host.is_empty() && !origin.host.contains(['@', '/', '?', '#', '\\', ' ']));
        let again = Origin::split(&origin.to_string()).expect("an origin is a URL").0;
        assert_eq!(again, origin);
        if let Ok(url) = Url::parse(&text) {
            let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
            assert_eq!((host, url.port_or_known_default()), (origin.host.as_str(), Some(origin.port)));
        }
        assert_eq!(literal(&origin.host), origin.host.parse().ok(), "the host is written plainly");
        if let Some(address) = literal(&origin.host) {
            local_is_refused(address);
        }
    }
    if let Some(address) = literal(&text) {
        assert_eq!(literal(&address.to_string()), Some(address));
        local_is_refused(address);
    }
}

fn local_is_refused(address: IpAddr) {
    let local = match address.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    };
    let judged = judge(SocketAddr::new(address, 443), Target::Other, &[]);
    assert!(!local || judged.is_err(), "{address} would be dialled");
}
