// A client of graphql-transport-ws for one subscription, with reconnection.

/// Close codes after which trying again would lead to the same end.
const FINAL = new Set([1000, 4400, 4401, 4406, 4409, 4429]);

/// Runs an operation over a socket of its own. `on` is told next(result), error(errors), complete(), and state(name):
/// connecting, live, reconnecting. The function that is returned stops it.
export function subscribe(url, token, payload, on) {
  let socket;
  let timer;
  let tries = 0;
  let over = false;

  const end = (tell) => {
    over = true;
    clearTimeout(timer);
    socket?.close(1000);
    tell?.();
  };

  const connect = () => {
    on.state(tries ? 'reconnecting' : 'connecting');
    let acknowledged = false;
    socket = new WebSocket(url, 'graphql-transport-ws');
    const send = (message) => socket.send(JSON.stringify(message));
    socket.onopen = () => send({ type: 'connection_init', payload: token ? { Authorization: `Bearer ${token}` } : {} });
    socket.onmessage = ({ data }) => {
      if (over) return;
      const message = JSON.parse(data);
      if (message.type === 'connection_ack') {
        acknowledged = true;
        tries = 0;
        on.state('live');
        send({ type: 'subscribe', id: '1', payload });
      } else if (message.type === 'ping') send({ type: 'pong', payload: message.payload });
      else if (message.type === 'next') on.next(message.payload);
      else if (message.type === 'error') end(() => on.error(message.payload));
      else if (message.type === 'complete') end(() => on.complete());
    };
    socket.onclose = ({ code, reason }) => {
      if (over) return;
      // A token that is refused stays refused; one whose session ended while it was live, too.
      if (FINAL.has(code) || code === 4403 || (!acknowledged && tries >= 8)) {
        return end(() => on.error([{ message: reason || `WebSocket ${code}`, extensions: { code } }]));
      }
      tries += 1;
      on.state('reconnecting');
      timer = setTimeout(connect, Math.min(500 * 2 ** (tries - 1), 10_000) * (0.7 + Math.random() * 0.6));
    };
  };
  connect();

  return () => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'complete', id: '1' }));
    end();
  };
}
