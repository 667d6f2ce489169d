// Run as a program of its own, by an ordinary user: makes an instance, asks it something and prints the answer.
import pg from 'pg';
import { instanceNamed, sqlPlace } from './sql-setup.ts';

const place = await sqlPlace();
const sql = place.open();
const instance = await instanceNamed('plain');
try {
  await sql.start(instance);
  await sql.setUser(instance.connectionName, { name: 'me', password: 'pw' });
  const client = new pg.Client({
    host: sql.socketFolder(instance.connectionName) ?? '',
    user: 'me',
    password: 'pw',
    database: 'postgres',
  });
  await client.connect();
  const { rows } = await client.query('SELECT current_user AS me');
  await client.end();
  console.log(JSON.stringify({ uid: process.getuid?.(), ...rows[0] }));
} finally {
  await sql.stopAll();
  await place.remove();
}
