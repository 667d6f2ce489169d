import { main } from '../../src/main.ts';
import { exampleCommands } from './example-commands.ts';

// What bin/mlflow-gcp.js does, over commands that try one thing each.
process.exitCode = await main(process, { commands: exampleCommands });
setTimeout(() => process.exit(), 500).unref();
