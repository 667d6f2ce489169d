import type { CompletedCommand, CompletedFlag } from './tree.ts';

/** A completion script for fish: https://fishshell.com/docs/current/completions.html */
export function fishScript(tree: CompletedCommand[]): string {
  const valued = [...new Set(tree.flatMap(({ flags }) => flags.filter(({ value }) => value !== undefined).flatMap(names)))];
  const places = tree.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path.join(' ')));
  return `# fish completion for mlflow-gcp
function __mlflow_gcp_at --description 'Whether the words so far lead to this command'
    set -l place ''
    set -l is_value 0
    for word in (commandline -opc)[2..-1]
        if test $is_value = 1
            set is_value 0
        else if contains -- $word ${valued.join(' ')}
            set is_value 1
        else if contains -- (string trim "$place $word") ${places.join(' ')}
            set place (string trim "$place $word")
        end
    end
    test "$place" = "$argv[1]"
end

complete -c mlflow-gcp -f
${tree.flatMap(placeLines).join('\n')}
`;
}

function placeLines({ path, below, flags }: CompletedCommand): string[] {
  const at = `complete -c mlflow-gcp -n ${quoted(`__mlflow_gcp_at ${quoted(path.join(' '))}`)}`;
  return [
    ...below.map(({ name, summary }) => `${at} -a ${name} -d ${quoted(summary)}`),
    ...flags.map((flag) => `${at} ${flagWords(flag)} -d ${quoted(flag.description)}`),
  ];
}

function flagWords({ long, short, value }: CompletedFlag): string {
  const words = [...(short === undefined ? [] : [`-s ${short.slice(1)}`]), `-l ${long.slice(2)}`];
  switch (value?.kind) {
    case undefined:
      break;
    case 'words':
      words.push('-x', `-a ${quoted(value.words.join(' '))}`);
      break;
    case 'file':
      words.push('-r', '-F');
      break;
    case 'folder':
      words.push('-x', `-a '(__fish_complete_directories)'`);
      break;
    case 'text':
      words.push('-x');
      break;
  }
  return words.join(' ');
}

function names({ long, short }: CompletedFlag): string[] {
  return short === undefined ? [long] : [short, long];
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
