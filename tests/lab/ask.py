#!/usr/bin/env python3
"""ask.py STATE QUESTION: asks a running lab one question (JSON) on its control socket and prints the answer."""
import json
import os
import socket
import sys

info = os.stat(sys.argv[1])
lab = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
lab.connect("\0spillway-lab/%x-%x" % (info.st_dev, info.st_ino))
lab.send(json.dumps(json.loads(sys.argv[2])).encode())
answer = lab.recv(1 << 20).decode()
print(answer)
sys.exit(1 if "error" in json.loads(answer) else 0)
