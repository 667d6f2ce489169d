/** Variables besides those of the flags, with what they do. test/docs holds the list against the source. */
export const VARIABLES: Array<{ group: string; rows: Array<[name: string, meaning: string]> }> = [
  {
    group: 'Of this program',
    rows: [
      ['MLFLOW_GCP_HOME', 'folder of everything that the program keeps on this machine, the cache included'],
      ['MLFLOW_GCP_CACHE', 'cache of the local target’s background process alone'],
      ['MLFLOW_GCP_PYTHON', 'path of the Python to use, 3.11 or newer; else PATH is searched'],
      ['XDG_DATA_HOME', 'the local target keeps its data in `mlflow-gcp` below it (default: `~/.local/share`)'],
      ['XDG_CACHE_HOME', 'what can be made again goes to `mlflow-gcp` below it (default: `~/.cache`)'],
      ['XDG_CONFIG_HOME', 'keys of service accounts go to `mlflow-gcp/keys` below it (default: `~/.config`)'],
      [
        'XDG_STATE_HOME',
        'the log of steps, and the folder of `simulator` without `--data`, go to `mlflow-gcp` below it (default: `~/.local/state`)',
      ],
    ],
  },
  {
    group: 'Google Cloud: project and region',
    rows: [
      ['GOOGLE_CLOUD_PROJECT', 'project; `--project` and `MLFLOW_GCP_PROJECT` win over it, `--local` ignores it'],
      ['CLOUDSDK_CORE_PROJECT', 'the same, as gcloud has it; GOOGLE_CLOUD_PROJECT wins over it'],
      ['CLOUDSDK_COMPUTE_REGION', 'region; `--region` and `MLFLOW_GCP_REGION` win over it, `--local` ignores it'],
    ],
  },
  {
    group: 'Google Cloud: who asks',
    rows: [
      ['GOOGLE_APPLICATION_CREDENTIALS', 'file with credentials, as Application Default Credentials take it'],
      ['CLOUDSDK_CONFIG', 'gcloud’s configuration folder, where its Application Default Credentials lie'],
      ['CLOUDSDK_AUTH_ACCESS_TOKEN', 'an access token to use as it is, for the hour that it lives'],
      [
        'CLOUDSDK_ACTIVE_CONFIG_NAME',
        'gcloud’s configuration, for the guesses of `init` and to tell who skaffold would deploy as',
      ],
      ['CLOUDSDK_CORE_ACCOUNT', 'gcloud’s account, for the same'],
      ['CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT', 'the account that gcloud stands in for, for the same'],
    ],
  },
  {
    group: 'GitHub',
    rows: [
      ['GH_TOKEN', 'a token to look at a private repository with, for `init --ci github`; else as whom `gh` is signed in'],
      ['GITHUB_TOKEN', 'the same; GH_TOKEN wins over it'],
    ],
  },
  {
    group: 'The way out of this machine',
    rows: [
      ['HTTPS_PROXY', 'proxy for every call; also `https_proxy`, `ALL_PROXY`, `all_proxy`'],
      ['NO_PROXY', 'hosts, domains and networks that are reached without it; also `no_proxy`'],
      ['NODE_EXTRA_CA_CERTS', 'PEM file with further authorities to trust'],
      ['NODE_USE_SYSTEM_CA', '1 trusts the authorities that the system trusts'],
    ],
  },
  {
    group: 'What is shown',
    rows: [
      ['NO_COLOR', 'any value: no colours'],
      ['FORCE_COLOR', 'any value but 0 or false: colours even where the output is no terminal'],
      ['TERM', '`dumb`: no colours, no moving lines, no questions'],
      ['CI', 'any value but 0 or false: no moving lines, no questions'],
    ],
  },
  {
    group: 'Of MLflow’s clients',
    rows: [
      ['MLFLOW_TRACKING_USERNAME', 'user name for `model --tracking-uri`; `connect` prints it for your programs'],
      ['MLFLOW_TRACKING_PASSWORD', 'the password that goes with it'],
    ],
  },
];
