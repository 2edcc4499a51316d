import socket

server = socket.socket(socket.AF_UNIX)
server.bind("/output/answer.csv")
