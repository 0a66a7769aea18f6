// `ws` as its documentation shows a broadcast: one send for each listener of the room.
import { WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, backlog: 1024 });
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket, request) => {
  const query = new URL(request.url, "http://localhost").searchParams;
  const room = query.get("room") ?? "0";
  if (!rooms.has(room)) rooms.set(room, new Set());
  const listeners = rooms.get(room);
  if (query.get("role") !== "pub") {
    listeners.add(socket);
    socket.on("close", () => listeners.delete(socket));
  }
  socket.on("error", () => {});
  socket.on("message", (data) => {
    for (const listener of listeners) listener.send(data, { binary: false });
  });
});
