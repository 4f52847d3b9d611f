package togglemock

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// process is a toggle-mock serve.
type process struct {
	command *exec.Cmd
	log     *tail
	ended   chan struct{}
	failure error
}

// launch runs a program, and waits for its first line: where its HTTP API is.
//
// What it says goes through pipes of this process: go test would wait for who holds its own.
func launch(ctx context.Context, path string, args []string) (*process, string, error) {
	given := append([]string{"serve", "--http", "0", "--json", "--quiet", "--exit-with-parent"}, args...)
	made := &process{command: exec.Command(path, given...), log: &tail{}, ended: make(chan struct{})}
	made.command.Stderr = made.log
	stdout, err := made.command.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := made.command.Start(); err != nil {
		return nil, "", err
	}
	lines := make(chan string, 1)
	go made.follow(stdout, lines)
	select {
	case line := <-lines:
		address, err := addressIn(line)
		if err != nil {
			<-made.ended
			return nil, "", made.story(fmt.Sprintf("ended before it was ready (%v)", made.command.ProcessState))
		}
		return made, address, nil
	case <-ctx.Done():
		made.kill()
		return nil, "", made.story(fmt.Sprintf("was not ready in time: %v", context.Cause(ctx)))
	}
}

// follow hands its first line on, reads all others, and waits for its end.
func (p *process) follow(stdout io.Reader, lines chan<- string) {
	reader := bufio.NewReader(stdout)
	line, _ := reader.ReadString('\n') // an end without a line is no address
	lines <- line
	_, err := io.Copy(io.Discard, reader)
	p.failure = err
	if err := p.command.Wait(); err != nil {
		p.failure = err
	}
	close(p.ended)
}

func addressIn(line string) (string, error) {
	var addresses struct{ HTTP string }
	if err := json.Unmarshal([]byte(line), &addresses); err != nil {
		return "", err
	}
	if addresses.HTTP == "" {
		return "", fmt.Errorf("%q has no address of HTTP", line)
	}
	return addresses.HTTP, nil
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

func (p *process) kill() {
	_ = p.command.Process.Kill() // it may have ended just now
	<-p.ended
}

// stop ends it as an interrupt of its user would, and waits for that.
func (p *process) stop() error {
	if err := p.command.Process.Signal(os.Interrupt); err != nil {
		<-p.ended
		return p.story("had ended already")
	}
	<-p.ended
	if p.failure != nil {
		return p.story(fmt.Sprintf("ended badly: %v", p.failure))
	}
	return nil
}

func (p *process) story(what string) error {
	return fmt.Errorf("%s %s\n%s", strings.Join(p.command.Args, " "), what, p.log)
}

const tailBytes = 16 << 10

// tail keeps the end of what is written to it.
type tail struct {
	mutex sync.Mutex
	kept  bytes.Buffer
}

func (t *tail) Write(content []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.kept.Write(content)
	if over := t.kept.Len() - tailBytes; over > 0 {
		t.kept.Next(over)
	}
	return len(content), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.kept.String()
}
