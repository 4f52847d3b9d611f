package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// segment is a batch on disk: a file of frames. While it is the last one, it may still grow; once it is
// sealed it never changes again, nor does the batch, which follows from the file's content and name.
type segment struct {
	path   string
	id     id
	bits   int // how many of the id's last bits are left for parts
	events int
	bytes  int
	since  time.Time // when its first event came
	sealed bool
	taken  bool // a sender has it
}

const (
	suffix    = ".pb"
	temporary = ".tmp"
)

// ours are the files that this package writes; others in the folder are left alone.
var ours = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.\d+)?\.pb$`)

func pathOf(folder string, batch id, bits int) string {
	name := batch.String()
	if bits < partBits {
		name += "." + strconv.Itoa(bits)
	}
	return filepath.Join(folder, name+suffix)
}

// openSegment has what an earlier run has left in a file; what was not written whole is cut off.
func openSegment(path string) (*segment, error) {
	name, bitsText, isPart := strings.Cut(strings.TrimSuffix(filepath.Base(path), suffix), ".")
	batch, err := parseID(name)
	if err != nil {
		return nil, err
	}
	bits := partBits
	if isPart {
		if bits, err = strconv.Atoi(bitsText); err != nil {
			return nil, err
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	frames := cutFrames(data)
	whole := len(slices.Concat(frames...))
	if whole < len(data) {
		if err := os.Truncate(path, int64(whole)); err != nil {
			return nil, err
		}
	}
	return &segment{path: path, id: batch, bits: bits, events: len(frames), bytes: whole, sealed: true}, nil
}

func (s *segment) frames() ([][]byte, error) {
	data, err := os.ReadFile(s.path)
	if err != nil {
		return nil, err
	}
	frames := cutFrames(data)
	if len(frames) != s.events {
		return nil, fmt.Errorf("%s has %d events instead of %d: it was changed, or is damaged",
			s.path, len(frames), s.events)
	}
	return frames, nil
}

// split makes two of it, of which the first has so many events. The parts are there once the second is:
// see loadSegments.
func (s *segment) split(at int) (first, second *segment, err error) {
	if s.bits < leastBits {
		return nil, nil, fmt.Errorf("%s has no ids left for its parts", s.path)
	}
	frames, err := s.frames()
	if err != nil {
		return nil, nil, err
	}
	folder := filepath.Dir(s.path)
	firstID, secondID := s.id.parts(s.bits)
	make := func(batch id, frames [][]byte) (*segment, error) {
		path, data := pathOf(folder, batch, s.bits-1), slices.Concat(frames...)
		part := &segment{path: path, id: batch, bits: s.bits - 1, events: len(frames), bytes: len(data), sealed: true}
		return part, writeWhole(path, data)
	}
	if first, err = make(firstID, frames[:at]); err != nil {
		return nil, nil, err
	}
	if second, err = make(secondID, frames[at:]); err != nil {
		return nil, nil, errors.Join(err, os.Remove(first.path))
	}
	return first, second, os.Remove(s.path)
}

// writeWhole writes a file that is there either whole or not at all.
func writeWhole(path string, data []byte) error {
	err := os.WriteFile(path+temporary, data, 0o600)
	if err == nil {
		err = os.Rename(path+temporary, path)
	}
	if err != nil {
		os.Remove(path + temporary)
	}
	return err
}

// loadSegments has what an earlier run has left in a folder, in order.
func loadSegments(folder string) ([]*segment, error) {
	unfinished, err := filepath.Glob(filepath.Join(folder, "*"+temporary))
	if err != nil {
		return nil, err
	}
	for _, path := range unfinished {
		os.Remove(path)
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*"+suffix))
	if err != nil {
		return nil, err
	}
	var segments []*segment
	for _, path := range paths {
		if !ours.MatchString(filepath.Base(path)) || !isFile(path) {
			continue
		}
		found, err := openSegment(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		segments = append(segments, found)
	}
	slices.SortFunc(segments, func(a, b *segment) int { return a.id.compare(b.id) })
	return slices.DeleteFunc(segments, func(s *segment) bool { return s.isSuperseded(folder) || s.isEmpty() }), nil
}

// isSuperseded ends what an end of the process has interrupted: a batch whose parts are both there goes, a
// first part without the second goes. None of the parts has been sent while the batch is there.
func (s *segment) isSuperseded(folder string) bool {
	if s.bits < leastBits {
		return false
	}
	first, second := s.id.parts(s.bits)
	if exists(pathOf(folder, second, s.bits-1)) {
		os.Remove(s.path)
		return true
	}
	os.Remove(pathOf(folder, first, s.bits-1))
	return false
}

// isEmpty is of a file whose first event was not written whole.
func (s *segment) isEmpty() bool {
	if s.events == 0 {
		os.Remove(s.path)
	}
	return s.events == 0 || !exists(s.path)
}

// isFile tells whether there is a file that can be read as one, rather than a folder or a pipe.
func isFile(path string) bool {
	found, err := os.Stat(path)
	return err == nil && found.Mode().IsRegular()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
