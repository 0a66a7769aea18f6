// socket.io over WebSocket only: one emit to the room.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, serveClient: false });
io.on("connection", (socket) => {
  const { room = "0", role } = socket.handshake.query;
  if (role !== "pub") socket.join(room);
  socket.on("m", (text) => io.to(room).emit("m", text));
});
http.listen({ host: "127.0.0.1", port: 0, backlog: 1024 }, () => console.log(http.address().port));
