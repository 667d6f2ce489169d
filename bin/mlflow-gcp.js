#!/usr/bin/env node
// Old syntax on purpose: a Node that is too old has to get as far as the message below.
var needed = [22, 22];
var have = process.versions.node.split('.').map(Number);
if (have[0] < needed[0] || (have[0] === needed[0] && have[1] < needed[1])) {
  process.stderr.write(
    'mlflow-gcp needs Node.js ' +
      needed.join('.') +
      ' or newer; this is ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').\n' +
      'Install a current Node.js, or run: npx -p node@24 -p mlflow-gcp mlflow-gcp\n',
  );
  process.exitCode = 1;
} else {
  import('../dist/main.js')
    .then((program) => program.main(process))
    .then((status) => {
      process.exitCode = status;
      // A connection that somebody forgot to close must not keep the program from ending.
      setTimeout(() => {
        process.exit();
      }, 500).unref();
    })
    .catch((error) => {
      process.stderr.write(
        'mlflow-gcp could not be started: ' + error.message + '\nInstall it again, or, in a clone, run: npm run build\n',
      );
      process.exitCode = 1;
    });
}
