// Bun's WebSocket server: `publish` to a topic, which uWebSockets sends on.
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, server) {
    const query = new URL(request.url).searchParams;
    const data = { room: query.get("room") ?? "0", listens: query.get("role") !== "pub" };
    if (!server.upgrade(request, { data })) return new Response("a WebSocket is wanted", { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    open(socket) {
      if (socket.data.listens) socket.subscribe(socket.data.room);
    },
    message(socket, text) {
      server.publish(socket.data.room, text);
    },
  },
});
console.log(server.port);
