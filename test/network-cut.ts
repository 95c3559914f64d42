import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A way to a server that can be cut and mended: what a restart or a broken network looks like. */
export interface NetworkCut {
  /** The server's URL, but through here. */
  url: string;
  /** Drops every connection and takes no new ones. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** Puts itself before the server of this URL until the test ends. */
export async function cutBefore(serverUrl: string): Promise<NetworkCut> {
  const target = new URL(serverUrl);
  const defaultPort = target.protocol === 'redis:' ? 6379 : 5432;
  const sockets = new Set<Socket>();
  const remember = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((incoming) => {
    const outgoing = connect(Number(target.port || defaultPort), target.hostname);
    remember(incoming).pipe(remember(outgoing)).pipe(incoming);
    incoming.on('close', () => outgoing.destroy());
    outgoing.on('close', () => incoming.destroy());
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  };
  const port = await listen(0);
  const cut = async () => {
    const closed = server.listening ? once(server, 'close') : undefined;
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  onTestFinished(cut);
  const through = new URL(serverUrl);
  through.hostname = '127.0.0.1';
  through.port = String(port);
  return { url: through.href, cut, mend: async () => void (await listen(port)) };
}
