// A simulator in a process of its own, to be killed: `simulator-program.ts DATA_FOLDER` prints its port.
import { loadServices } from '../../../src/local/simulator/services.ts';
import { startSimulator } from '../../../src/local/simulator/simulator.ts';
import { DISCOVERY_DIR } from '../../support/simulator.ts';

const services = await loadServices();
const { port } = await startSimulator({ port: 0, dataDir: String(process.argv[2]), discoveryDir: DISCOVERY_DIR, services });
process.stdout.write(`${port}\n`);
