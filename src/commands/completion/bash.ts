import type { CompletedCommand, CompletedFlag } from './tree.ts';

/**
 * A completion script for bash 3.2 (macOS) and newer. It needs nothing of the bash-completion package.
 * https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
 */
export function bashScript(tree: CompletedCommand[]): string {
  return `# bash completion for mlflow-gcp
_mlflow_gcp_place() {
  # What may follow after the words of $1.
  below= flags= valued=
  case $1 in
${tree.map(placeCase).join('\n')}
  esac
}

_mlflow_gcp_value() {
  # The values of flag $2 in the place $1.
  case "$1 $2" in
${tree.flatMap(valueCases).join('\n')}
  esac
}

_mlflow_gcp_offer() {
  local found
  while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen "$@" -- "$current")
}

_mlflow_gcp() {
  local current=\${COMP_WORDS[COMP_CWORD]} path='' flag='' word below flags valued i
  COMPREPLY=()
  _mlflow_gcp_place ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # Readline cuts --with=api into three words.
    if [[ $word == = ]]; then continue; fi
    if [[ -n $flag ]]; then flag=''; continue; fi
    if [[ $word == -* ]]; then
      if [[ " $valued " == *" $word "* ]]; then flag=$word; fi
    elif [[ " $below " == *" $word "* ]]; then
      path="\${path:+$path }$word"
      _mlflow_gcp_place "$path"
    fi
  done
  if [[ $current == = ]]; then current=''; fi
  if [[ -n $flag ]]; then
    _mlflow_gcp_value "$path" "$flag"
  elif [[ $current == -* ]]; then
    _mlflow_gcp_offer -W "$flags"
  else
    _mlflow_gcp_offer -W "$below"
  fi
}

complete -F _mlflow_gcp mlflow-gcp
`;
}

function placeCase({ path, below, flags }: CompletedCommand): string {
  const named = (list: CompletedFlag[]) => list.flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]));
  const valued = named(flags.filter(({ value }) => value !== undefined));
  return `    '${path.join(' ')}') below='${below.map(({ name }) => name).join(' ')}' flags='${flags.map(({ long }) => long).join(' ')}' valued='${valued.join(' ')}' ;;`;
}

function valueCases({ path, flags }: CompletedCommand): string[] {
  return flags.flatMap(({ long, short, value }) => {
    if (value === undefined || value.kind === 'text') return [];
    const patterns = [long, ...(short === undefined ? [] : [short])].map((flag) => `'${path.join(' ')} ${flag}'`).join(' | ');
    return [`    ${patterns}) ${offer(value)} ;;`];
  });
}

function offer({ kind, words }: NonNullable<CompletedFlag['value']>): string {
  if (kind === 'words') return `_mlflow_gcp_offer -W '${words.join(' ')}'`;
  // Bash 3.2 has no compopt, and does without the slash after folders.
  return `compopt -o filenames 2>/dev/null; _mlflow_gcp_offer ${kind === 'folder' ? '-d' : '-f'}`;
}
