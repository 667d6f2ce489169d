import type { CompletedCommand, CompletedFlag } from './tree.ts';

/**
 * A completion script for zsh, to be sourced or to lie in a folder of $fpath.
 * https://zsh.sourceforge.io/Doc/Release/Completion-System.html
 */
export function zshScript(tree: CompletedCommand[]): string {
  return `#compdef mlflow-gcp
# zsh completion for mlflow-gcp
${tree.toReversed().map(placeFunction).join('\n')}
if [[ $funcstack[1] == _mlflow-gcp ]]; then
  _mlflow-gcp "$@"
else
  compdef _mlflow-gcp mlflow-gcp
fi
`;
}

function placeFunction({ path, below, flags, takesArguments }: CompletedCommand): string {
  const specs = flags.map(flagSpec);
  const name = functionName(path);
  if (below.length === 0) {
    const rest = takesArguments ? [`'*: :'`] : [];
    return `${name}() {\n  _arguments -S \\\n    ${[...specs, ...rest].join(' \\\n    ')}\n}\n`;
  }
  const commands = below.map((one) => quoted(`${one.name.replaceAll(':', '\\:')}:${one.summary}`));
  const cases = below.map((one) => `      ${one.name}) ${path[0] === 'help' ? ':' : functionName([...path, one.name])} ;;`);
  return `${name}() {
  local curcontext=$curcontext state line
  local -a commands=(
    ${commands.join('\n    ')}
  )
  _arguments -C -S \\
    ${[...specs, `'1: :->command'`, `'*:: :->rest'`].join(' \\\n    ')} && return
  case $state in
    command) _describe -t commands command commands ;;
    rest) case $line[1] in
${cases.join('\n')}
    esac ;;
  esac
}
`;
}

function functionName(path: string[]): string {
  return ['_mlflow-gcp', ...path].join('_');
}

/** One flag as _arguments wants it: with its short form, which excludes it, or alone. */
function flagSpec({ long, short, description, many, value }: CompletedFlag): string {
  const text = `[${description.replaceAll(/[[\]\\]/g, '\\$&')}]`;
  const taken = value === undefined ? '' : `:${value.placeholder}:${action(value)}`;
  const spec = (flag: string) => `${flag}${value !== undefined && flag === long ? '=' : ''}${text}${taken}`;
  const star = many ? '*' : '';
  if (short === undefined) return quoted(star + spec(long));
  const excludes = many ? star : `(${short} ${long})`;
  return `${quoted(excludes + spec(short))} ${quoted(excludes + spec(long))}`;
}

function action({ kind, words }: NonNullable<CompletedFlag['value']>): string {
  switch (kind) {
    case 'words':
      return `(${words.join(' ')})`;
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'text':
      return ' ';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
