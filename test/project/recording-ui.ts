import type { Ui } from '../../src/ui/ui.ts';

/** A Ui that writes what it is given into a list, and asks nobody. */
export function recordingUi(): { ui: Ui; shown: string[] } {
  const shown: string[] = [];
  const nobody = (): Promise<never> => Promise.reject(new Error('nobody can be asked here'));
  const ui: Ui = {
    interactive: false,
    ask: { text: nobody, secret: nobody, select: nobody, confirm: nobody, agree: nobody, all: nobody },
    step: async (title, work, options) => {
      shown.push(`> ${title}`);
      try {
        const value = await work({ progress: (detail) => shown.push(`  ${detail}`) });
        shown.push(`< ${title}: ${options?.outcome?.(value) ?? 'done'}`);
        return value;
      } catch (error) {
        shown.push(`x ${title}`);
        throw error;
      }
    },
    steps: (work) => work({ run: ui.step }),
    preview: () => undefined,
    note: (text) => shown.push(`note ${text}`),
    warn: (text) => shown.push(`warn ${text}`),
    debug: (text) => shown.push(`debug ${text}`),
  };
  return { ui, shown };
}
