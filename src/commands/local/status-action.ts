import { daemonState } from '../../local/daemon-record.ts';
import { localHome } from '../../local/home.ts';
import { diskUse, localServices } from '../../local/inventory.ts';
import { runningProcesses } from '../../local/runtime/process-register.ts';
import type { Block, CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';

const WORDS = {
  running: 'running',
  stopped: 'stopped; start it with: mlflow-gcp local start',
  died: 'ended without being stopped, its data is still there; go on with: mlflow-gcp local start',
};

/** Shows the background process, what runs in it and what it keeps. Changes nothing. */
export async function run({ deps }: Context): Promise<CommandResult> {
  const home = localHome(deps.env);
  const found = daemonState(home.daemonFile);
  const bytes = await diskUse(home);
  const services = localServices(home);
  const processes = runningProcesses(home.processes);
  const running = found.state === 'running' ? found.record : undefined;
  const pairs: Array<[string, string]> = [['Local target', WORDS[found.state]]];
  if (running !== undefined) {
    pairs.push(['Process', `${running.pid}, since ${running.startedAt}, mlflow-gcp ${running.version}`]);
    pairs.push(['Simulator', `http://127.0.0.1:${running.port}`], ['Certificate', running.ca], ['Project', running.project]);
  }
  pairs.push(['Data', `${home.folder} (${Math.ceil(bytes / 1e6)} MB)`]);
  const show: Block[] = [{ kind: 'pairs', pairs }];
  if (services.length > 0) {
    show.push({
      kind: 'table',
      head: ['Service', 'Reached here at', 'Own address'],
      rows: services.map((one) => [one.name, one.url, one.serviceUrl]),
    });
  }
  if (processes.length > 0) show.push({ kind: 'table', head: ['Running'], rows: processes.map((title) => [title]) });
  const { pid, port, ca, project, version, startedAt } = running ?? {};
  return {
    data: { state: found.state, pid, port, ca, project, version, startedAt, folder: home.folder, bytes, services, processes },
    show,
  };
}
