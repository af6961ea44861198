#pragma once
#include "base/error.h"

namespace spillway::dns {

// The failures of this room that operators meet by name.
inline constexpr Code kBadMessage{"SPW-DNS-001", "what came is no DNS message of RFC 1035",
                                  "check that dns.server names a name server: dig @SERVER ZONE SOA +tcp"};
inline constexpr Code kBadName{"SPW-DNS-002",
                               "a name has labels of 1 to 63 letters, digits and -, 253 bytes in all",
                               "correct dns.zone, dns.reverse_zone or the node group's name"};
inline constexpr Code kBadAddress{"SPW-DNS-003", "a record needs a numeric IPv4 or IPv6 address",
                                  "nothing: report it, for EC2 always tells numeric addresses"};
inline constexpr Code kBadKeyFile{
    "SPW-DNS-004", "the file holds one key as BIND writes it: key \"name\" { algorithm …; secret \"…\"; };",
    "tsig-keygen -a hmac-sha256 NAME > FILE"};
inline constexpr Code kWeakKey{"SPW-DNS-005", "HMAC-MD5 and HMAC-SHA1 are not accepted any more",
                               "tsig-keygen -a hmac-sha256 NAME > FILE, there and in named.conf"};
inline constexpr Code kOpenKeyFile{
    "SPW-DNS-006",
    "whoever reads the key may write the zone: it is a plain file, readable by "
    "its owner (and at most the daemon's own group)",
    "chown slurm FILE; chmod 0400 FILE; no symbolic link"};
inline constexpr Code kNoKeyFile{"SPW-DNS-007", "dns.tsig names a file that is not there",
                                 "tsig-keygen -a hmac-sha256 NAME > FILE, and its key in named.conf"};
inline constexpr Code kBadSettings{"SPW-DNS-008", "names need dns.zone, dns.server and dns.tsig together",
                                   "set all three, or leave dns.zone empty for nodes without names"};
inline constexpr Code kUnreachable{
    "SPW-DNS-010", "nobody answers there on TCP port 53",
    "check dns.server, the firewall (TCP 53) and named: dig @SERVER ZONE SOA +tcp"};
inline constexpr Code kSlow{"SPW-DNS-011", "the server took the message and gave no answer in time",
                            "check the server's load and log; updates wait for its disk"};
inline constexpr Code kUnknownKey{"SPW-DNS-012", "the server has no key of that name (BADKEY)",
                                  "put the key of dns.tsig into named.conf, then rndc reconfig"};
inline constexpr Code kWrongKey{"SPW-DNS-013",
                                "the server has another secret or algorithm under that name (BADSIG)",
                                "copy the same key file to both, then rndc reconfig"};
inline constexpr Code kClockOff{"SPW-DNS-014",
                                "the clocks of this host and the name server are minutes apart (BADTIME)",
                                "run chrony or systemd-timesyncd on both; chronyc tracking shows the offset"};
inline constexpr Code kRefused{"SPW-DNS-015",
                               "the server knows the key, and its policy does not let it do this",
                               "update-policy { grant KEY zonesub A AAAA PTR TXT; }; in the zone"};
inline constexpr Code kWrongZone{"SPW-DNS-016", "the server is not the primary of this zone",
                                 "check dns.zone and dns.reverse_zone, and that dns.server is their primary"};
inline constexpr Code kServerFailed{"SPW-DNS-017", "the server could not do it (SERVFAIL)",
                                    "see named's log; the zone's folder must be writable for its journal"};
inline constexpr Code kForeign{"SPW-DNS-018",
                               "a name in use that does not carry our TXT record is never touched",
                               "remove the other record, or rename the node group"};
inline constexpr Code kUnsigned{
    "SPW-DNS-019", "the answer does not carry the signature of our key",
    "something answers in the server's place; check dns.server and the path to it"};
inline constexpr Code kOddAnswer{"SPW-DNS-020", "the server answered with a code that updates do not have",
                                 "see named's log, and report the code"};
inline constexpr Code kLongNegative{
    "SPW-DNS-030", "resolvers remember for so long that a name does not exist, though it does by now",
    "lower the last number of the zone's SOA record to 60 or less"};
inline constexpr Code kNotResolved{"SPW-DNS-031",
                                   "this host's resolver gives another answer than the primary",
                                   "check /etc/resolv.conf, forwarders and secondaries of the zone"};
inline constexpr Code kRemembered{"SPW-DNS-032", "the resolver still remembers that the name did not exist",
                                  "wait, or rndc flushname NAME there; lower the zone's SOA minimum"};
inline constexpr Code kNoWayBack{"SPW-DNS-033", "the address leads to no name, or to another one",
                                 "check dns.reverse_zone, and that resolvers find that zone"};
inline constexpr Code kMissing{"SPW-DNS-034", "the primary does not have the record of a bound node",
                               "nothing: the daemon writes it again within minutes; see its log"};
inline constexpr Code kStale{"SPW-DNS-035", "a record of ours is of a machine that is no more",
                             "nothing: the daemon takes it away within minutes; see its log"};

}  // namespace spillway::dns
