package container

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/rodent-events/go/togglemock"
)

// docker stands in for docker: its containers are processes, of which it keeps what it was told.
const docker = `#!/bin/sh
set -eu
here=$(dirname "$0")
told=$1
shift
echo "$told $*" >>"$here/told"
case $told in
run)
    for word in "$@"; do case $word in TOGGLE_MOCK_*) export "$word" ;; esac; done
    toggle-mock serve --http 0 --json --quiet --ready-file "$here/ready" >/dev/null 2>"$here/log" &
    echo $! | tee "$here/pid"
    ;;
port)
    until [ -s "$here/ready" ]; do kill -0 "$(cat "$here/pid")" 2>/dev/null || { echo 127.0.0.1:9; exit; }; sleep 0.05; done
    case $2 in 8025/tcp) key=http ;; *) key=listening ;; esac
    sed "s|.*\"$key\": \"\(http://\)*\([^\"]*\)\".*|\2|" "$here/ready"
    ;;
inspect) kill -0 "$1" 2>/dev/null && echo true || echo false ;;
logs) cat "$here/log" >&2 ;;
rm) pid=$(cat "$here/pid"); kill "$pid" 2>/dev/null || true ;;
esac
`

func stand(t *testing.T) (program, told string) {
	t.Helper()
	folder := t.TempDir()
	program = filepath.Join(folder, "docker")
	if err := os.WriteFile(program, []byte(strings.ReplaceAll(docker, `inspect) kill -0 "$1"`, `inspect) kill -0 "$(cat "$here/pid")"`)), 0o700); err != nil {
		t.Fatal(err)
	}
	return program, filepath.Join(folder, "told")
}

func lines(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestAContainerIsStartedAndRemoved(t *testing.T) {
	program, told := stand(t)
	t.Run("a test", func(t *testing.T) {
		toggle := Start(t, "toggle-mock:1", WithDocker(program), WithSetting("heartbeat", "0"), WithNetwork("net", "toggle"))
		if toggle.JWT(togglemock.Claims{RID: "node-1"}) == "" || !strings.HasPrefix(toggle.Address, "127.0.0.1:") {
			t.Errorf("the mock is at %q", toggle.Address)
		}
		toggle.AssertNoRefusals()
	})
	said := lines(t, told)
	for _, expected := range []string{
		"run --detach --publish 127.0.0.1::50051/tcp --publish 127.0.0.1::8025/tcp " +
			"--env TOGGLE_MOCK_HEARTBEAT=0 --network net --network-alias toggle toggle-mock:1\n",
		"rm --force --volumes ",
	} {
		if !strings.Contains(said, expected) {
			t.Errorf("docker was not told %q, but\n%s", expected, said)
		}
	}
}

func TestOneThatEndsAtOnceIsToldOfWithItsLog(t *testing.T) {
	program, told := stand(t)
	_, err := Run(context.Background(), "toggle-mock:1", WithDocker(program), WithSetting("heartbeat", "soon"))
	if err == nil || !strings.Contains(err.Error(), "it has ended") || !strings.Contains(err.Error(), "'soon' is not a valid float") {
		t.Errorf("it is told of as %v", err)
	}
	if !strings.Contains(lines(t, told), "rm --force") {
		t.Error("it was not removed")
	}
}

func TestThatThereIsNoDockerIsSaid(t *testing.T) {
	_, err := Run(context.Background(), "toggle-mock:1", WithDocker("no-such-docker"))
	if err == nil || !strings.Contains(err.Error(), "no-such-docker") {
		t.Errorf("it is told of as %v", err)
	}
}

// TestTheImage runs where the image is: TOGGLE_MOCK_IMAGE names it.
func TestTheImage(t *testing.T) {
	image := os.Getenv("TOGGLE_MOCK_IMAGE")
	if image == "" {
		t.Skip("TOGGLE_MOCK_IMAGE names no image of the mock")
	}
	toggle := Start(t, image)
	toggle.OnRegister().Returns(togglemock.Unavailable)
	toggle.AssertNotReceived("")
}
