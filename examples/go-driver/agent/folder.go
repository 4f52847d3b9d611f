package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const lockName = ".lock"

// folder is where one instance has its files. Its lock ends with the process, however that ends.
type folder struct {
	root string // EVENTS_DIR
	path string // root itself, or a folder below it where another instance has root
	lock *os.File
}

// openFolder takes root, or a folder below it if another instance has root.
func openFolder(root string, shared bool) (*folder, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	if shared { // as the published Rodent does
		return &folder{root: root, path: root}, nil
	}
	lock, err := lockOf(root)
	if err != nil {
		return nil, err
	}
	if lock != nil {
		return &folder{root, root, lock}, nil
	}
	// It is locked under a name that nobody looks for, so that nobody takes it over before.
	path, err := os.MkdirTemp(root, "new-")
	if err != nil {
		return nil, err
	}
	if lock, err = lockOf(path); err != nil {
		return nil, err
	}
	name := filepath.Join(root, fmt.Sprintf("process-%d-%s", os.Getpid(), randomID()))
	return &folder{root, name, lock}, os.Rename(path, name)
}

// lockOf locks a folder; nil if somebody has it.
func lockOf(path string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(path, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, err
}

// abandoned calls take with each folder whose instance has ended, while it is locked. A folder below root
// is removed after that.
func (f *folder) abandoned(take func(path string) error) error {
	paths, err := filepath.Glob(filepath.Join(f.root, "process-*"))
	if err != nil {
		return err
	}
	for _, path := range append([]string{f.root}, paths...) {
		if path == f.path {
			continue
		}
		if err := f.takeOver(path, take); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f *folder) takeOver(path string, take func(path string) error) error {
	lock, err := lockOf(path)
	if lock == nil || err != nil {
		return err
	}
	defer lock.Close()
	if err := take(path); err != nil {
		return err
	}
	if path == f.root {
		return nil
	}
	os.Remove(filepath.Join(path, lockName))
	return os.Remove(path)
}

// close gives the folder up; one below root goes if nothing is left in it.
func (f *folder) close() {
	if f.lock == nil {
		return
	}
	if f.path != f.root {
		if left, err := filepath.Glob(filepath.Join(f.path, "*"+suffix)); err == nil && len(left) == 0 {
			os.Remove(filepath.Join(f.path, lockName))
			os.Remove(f.path)
		}
	}
	f.lock.Close()
}
