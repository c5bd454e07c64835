# Completion of passerelle for bash, for whoever packages it: install as
# /usr/share/bash-completion/completions/passerelle. It asks the program itself, so that it fits the version that is there.
source <(passerelle completion bash)
