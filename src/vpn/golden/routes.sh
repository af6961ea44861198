# On the premises' router, or on each host: the way to the cloud.
ip route replace 172.31.0.0/16 via 192.168.10.1
ip route replace 10.200.0.0/24 via 192.168.10.1
