package agent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"example.com/rodent-events/go/pb"
	"example.com/rodent-events/go/pb/events"
	"google.golang.org/protobuf/proto"
)

func openIn(t *testing.T, folder string, batchSize int) *journal {
	t.Helper()
	settings := usual()
	settings.EventsDir, settings.BatchSize = folder, batchSize
	opened, err := openJournal(settings)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func acceptNumbered(t *testing.T, j *journal, from, to int) {
	t.Helper()
	for number := from; number < to; number++ {
		if _, err := j.accept(&events.Event{Source: fmt.Sprint(number)}, 1); err != nil {
			t.Fatal(err)
		}
	}
}

// left has the sources of what is in a folder, as the next run finds it.
func left(t *testing.T, folder string) (sources []string) {
	t.Helper()
	found, err := loadSegments(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range found {
		frames, err := one.frames()
		if err != nil {
			t.Fatal(err)
		}
		var batch pb.EventBatch
		if err := proto.Unmarshal(batchOf(frames, one.id), &batch); err != nil {
			t.Fatal(err)
		}
		for _, event := range batch.Events {
			sources = append(sources, event.Source)
		}
	}
	return sources
}

func numbers(from, to int) (texts []string) {
	for number := from; number < to; number++ {
		texts = append(texts, fmt.Sprint(number))
	}
	return texts
}

func TestWhatIsAcceptedIsOnDiskInOrder(t *testing.T) {
	folder := t.TempDir()
	acceptNumbered(t, openIn(t, folder, 3), 0, 10)
	if got := left(t, folder); !slices.Equal(got, numbers(0, 10)) {
		t.Error(got)
	}
}

func TestWhatSomebodyElseHasMadeIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	j := openIn(t, folder, 5)
	acceptNumbered(t, j, 0, 3)
	j.close()
	j.folder.close()
	beside := func() string { return pathOf(folder, j.ids.nextBatch(), partBits) }
	aFolder, aLink, aPipe := beside(), beside(), beside()
	if err := errors.Join(
		os.Mkdir(aFolder, 0o700),
		os.Symlink(filepath.Join(folder, "nowhere"), aLink),
		syscall.Mkfifo(aPipe, 0o600),
		os.WriteFile(beside(), []byte("\x00\xff no event"), 0o600),
		os.WriteFile(beside(), nil, 0o600),
	); err != nil {
		t.Fatal(err)
	}
	again := openIn(t, folder, 5)
	acceptNumbered(t, again, 3, 5)
	if got := left(t, folder); !slices.Equal(got, numbers(0, 5)) {
		t.Error(got)
	}
	for _, path := range []string{aFolder, aLink, aPipe} {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("it is gone: %v", err)
		}
	}
}

func TestAnInterruptedSplitLosesAndRepeatsNothing(t *testing.T) {
	for written := range 4 {
		folder := t.TempDir()
		j := openIn(t, folder, 6)
		acceptNumbered(t, j, 0, 6)
		j.close()
		whole := j.segments[0]
		content, err := os.ReadFile(whole.path)
		if err != nil {
			t.Fatal(err)
		}
		first, second, err := whole.split(2)
		if err != nil {
			t.Fatal(err)
		}
		if written < 3 { // the whole is not removed yet
			if err := os.WriteFile(whole.path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if written < 2 {
			if err := os.Rename(second.path, second.path+temporary); err != nil {
				t.Fatal(err)
			}
		}
		if written < 1 {
			os.Remove(first.path)
		}
		if got := left(t, folder); !slices.Equal(got, numbers(0, 6)) {
			t.Errorf("with %d steps done: %v", written, got)
		}
	}
}

// What may happen in any order: each event is in one place, and each that waits is on disk.
func TestEachEventIsInOnePlace(t *testing.T) {
	for seed := range uint64(10) {
		chance := rand.New(rand.NewPCG(seed, 1))
		folder := t.TempDir()
		j := openIn(t, folder, 4)
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		defer cancel()
		var settled []string
		accepted, emittedBefore := 0, 0
		for range 200 {
			switch chance.IntN(8) {
			case 0, 1, 2:
				acceptNumbered(t, j, accepted, accepted+3)
				accepted += 3
			case 3:
				j.flush(ctx)
			case 4, 5, 6:
				one, wait, _ := j.due()
				if one == nil || wait > 0 {
					continue
				}
				for one.events > 1 && chance.IntN(2) == 0 {
					if err := j.split(one, 1+chance.IntN(one.events-1)); err != nil {
						t.Fatal(err)
					}
					one, _, _ = j.due()
				}
				settled = append(settled, sourcesOf(t, one)...)
				become := []func() error{
					func() error { return j.settle(one, delivered) },
					func() error { return j.settle(one, dropped) },
					func() error { return j.setAside(one, "a reason") },
				}[chance.IntN(3)]
				if err := become(); err != nil {
					t.Fatal(err)
				}
			case 7: // it is killed, and another runs
				if chance.IntN(4) > 0 {
					continue
				}
				j.folder.lock.Close()
				j = openIn(t, folder, 4)
				emittedBefore = len(settled)
			}
			stats := j.stats()
			sum := stats["waiting"] + stats["delivered"] + stats["dropped"] + stats["quarantined"] + stats["filtered"]
			if stats["emitted"] != sum || stats["emitted"]+emittedBefore != accepted {
				t.Fatalf("seed %d: of %d: %v", seed, accepted, stats)
			}
		}
		j.close()
		if got := append(settled, left(t, folder)...); !slices.Equal(got, numbers(0, accepted)) {
			t.Fatalf("seed %d: %v", seed, got)
		}
	}
}

func sourcesOf(t *testing.T, one *segment) (sources []string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.Link(one.path, filepath.Join(folder, filepath.Base(one.path))); err != nil {
		t.Fatal(err)
	}
	return left(t, folder)
}

func TestAnEventThatDiskDoesNotTakeIsRefused(t *testing.T) {
	folder := t.TempDir()
	j := openIn(t, folder, 5)
	acceptNumbered(t, j, 0, 2)
	j.mutex.Lock()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	writable := j.file
	j.file = full
	j.mutex.Unlock()
	if taken, err := j.accept(&events.Event{Source: "lost"}, 1); taken != 0 || err == nil {
		t.Errorf("%d were taken: %v", taken, err)
	}
	j.file = writable
	acceptNumbered(t, j, 2, 4)
	if got := left(t, folder); !slices.Equal(got, numbers(0, 4)) || j.stats()["emitted"] != 4 {
		t.Error(got, j.stats())
	}
}

func TestAFolderHasOneOwnerAtATime(t *testing.T) {
	root := t.TempDir()
	first, second := openIn(t, root, 5), openIn(t, root, 5)
	if first.folder.path != root || filepath.Dir(second.folder.path) != root {
		t.Fatal(first.folder.path, second.folder.path)
	}
	acceptNumbered(t, second, 0, 3)
	if err := first.takeAbandoned(); err != nil || first.stats()["emitted"] != 0 {
		t.Errorf("taken from one that runs: %v %v", first.stats(), err)
	}
	second.folder.lock.Close()
	if err := first.takeAbandoned(); err != nil || first.stats()["waiting"] != 3 {
		t.Errorf("not taken from one that has ended: %v %v", first.stats(), err)
	}
	if exists(second.folder.path) {
		t.Error("its folder is left")
	}
}

func TestABatchIsCutUntilEachEventIsAlone(t *testing.T) {
	folder := t.TempDir()
	j := openIn(t, folder, 100)
	acceptNumbered(t, j, 0, 100)
	for {
		one, _, _ := j.due()
		if one == nil {
			break
		}
		if one.events == 1 {
			continue // it stays on disk
		}
		if err := j.split(one, one.events/2); err != nil {
			t.Fatal(err)
		}
	}
	if got := left(t, folder); !slices.Equal(got, numbers(0, 100)) || len(j.segments) != 100 {
		t.Error(len(j.segments), got)
	}
}

func TestABatchThatCannotBeCutFurtherStays(t *testing.T) {
	folder := t.TempDir()
	j := openIn(t, folder, 100)
	acceptNumbered(t, j, 0, 100)
	var err error
	for err == nil { // as unevenly as can be
		one, _, _ := j.due()
		if one.events > 1 {
			err = j.split(one, 1)
		}
	}
	if got := left(t, folder); !slices.Equal(got, numbers(0, 100)) {
		t.Error(err, got)
	}
}
