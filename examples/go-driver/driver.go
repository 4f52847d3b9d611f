package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"example.com/go-driver/agent"
)

// command is a line of stdin: an id, and one of the others.
type command struct {
	ID       any                `json:"id"`
	Emit     *agent.Emit        `json:"emit"`
	Flush    *limit             `json:"flush"`
	Shutdown *limit             `json:"shutdown"`
	Stats    *map[string]string `json:"stats"`
}

// limit is how long something may take, in seconds.
type limit struct {
	Timeout *float64 `json:"timeout"`
}

// answer is a line of stdout.
type answer map[string]any

// serve answers commands until one is shutdown, or there are no more; it returns whether one was.
func serve(rodent *agent.Agent, in io.Reader, out io.Writer, usual time.Duration) (bool, error) {
	if err := say(out, answer{"ready": true}); err != nil {
		return false, err
	}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			given, did := obey(rodent, line, usual)
			if err := say(out, did); err != nil {
				return false, err
			}
			if given.Shutdown != nil && did["error"] == nil {
				return true, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// obey does what a line says, and answers it.
func obey(rodent *agent.Agent, line []byte, usual time.Duration) (command, answer) {
	given, err := parse(line)
	did := answer{}
	if err == nil {
		did, err = do(rodent, given, usual)
	}
	if err != nil {
		did = answer{"error": err.Error()}
	}
	if given.ID != nil {
		did["id"] = given.ID
	}
	return given, did
}

// parse reads a line. The command has its id also if something else is wrong with it.
func parse(line []byte) (command, error) {
	var given command
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	if err := decoder.Decode(&given); err != nil {
		var only struct{ ID any }
		again := json.NewDecoder(bytes.NewReader(line))
		again.UseNumber()
		if again.Decode(&only) == nil {
			given = command{ID: only.ID}
		}
		return given, fmt.Errorf("the line is no command: %w", err)
	}
	if decoder.More() {
		return given, errors.New("the line is no command: there is more behind it")
	}
	return given, nil
}

// do does what a command says.
func do(rodent *agent.Agent, given command, usual time.Duration) (answer, error) {
	asked := 0
	for _, one := range []bool{given.Emit != nil, given.Flush != nil, given.Shutdown != nil, given.Stats != nil} {
		if one {
			asked++
		}
	}
	if asked != 1 {
		return nil, errors.New("the line is no command: give one of emit, flush, shutdown and stats")
	}
	switch {
	case given.Emit != nil:
		accepted, err := rodent.Emit(*given.Emit)
		return answer{"accepted": accepted}, err
	case given.Stats != nil:
		return answer{"stats": rodent.Stats()}, nil
	case given.Flush != nil:
		timeout, err := given.Flush.duration(usual)
		if err != nil {
			return nil, err
		}
		return answer{"complete": rodent.Flush(timeout)}, nil
	default:
		timeout, err := given.Shutdown.duration(usual)
		if err != nil {
			return nil, err
		}
		return answer{"complete": rodent.Shutdown(timeout)}, nil
	}
}

func (l *limit) duration(usual time.Duration) (time.Duration, error) {
	if l.Timeout == nil {
		return usual, nil
	}
	if *l.Timeout < 0 {
		return 0, fmt.Errorf("timeout is %v: give a number of seconds, 0 or more", *l.Timeout)
	}
	return time.Duration(min(*l.Timeout*float64(time.Second), math.MaxInt64/2)), nil
}

func say(out io.Writer, line answer) error {
	return json.NewEncoder(out).Encode(line)
}
