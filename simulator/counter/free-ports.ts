/** Ports that nobody listens on now, and that stay the same when the process behind them is killed and started again. */
import { createServer, type Server } from 'node:net';

export async function freePorts(count: number): Promise<readonly number[]> {
  // All are held at once, so that none comes twice.
  const held = await Promise.all(Array.from({ length: count }, hold));
  const ports = held.map(({ port }) => port);
  await Promise.all(held.map(({ server }) => new Promise((closed) => server.close(closed))));
  return ports;
}

function hold(): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve({ server, port: address.port });
      else reject(new Error('no port'));
    });
  });
}
