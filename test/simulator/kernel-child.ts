// A simulator in a process of its own that tests may kill: node kernel-child.ts DATA_DIR
import { startSimulator } from '../../src/local/simulator/simulator.ts';
import { DISCOVERY_DIR } from '../support/simulator.ts';
import { testService } from './kernel-service.ts';

const simulator = await startSimulator({
  port: 0,
  dataDir: process.argv[2] ?? '',
  discoveryDir: DISCOVERY_DIR,
  services: [testService],
  speed: 1000,
});
process.stdout.write(`${simulator.port}\n`);
