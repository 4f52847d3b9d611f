package agent

import (
	"testing"
)

func TestIDsRiseAndPartsStayBeforeTheNext(t *testing.T) {
	var ids idMaker
	last := ids.next()
	for range 10_000 {
		batch := ids.nextBatch()
		next := ids.next()
		checkParts(t, batch, next, partBits, partBits-leastBits)
		if last.compare(batch) >= 0 || batch.compare(next) >= 0 {
			t.Fatalf("%s, %s and %s do not rise", last, batch, next)
		}
		last = next
	}
}

// checkParts cuts a batch further and further, at one end or the other.
func checkParts(t *testing.T, batch, next id, bits, depth int) {
	for turn := 0; depth > 0; depth, turn = depth-1, turn+1 {
		first, second := batch.parts(bits)
		if batch.compare(first) >= 0 || first.compare(second) >= 0 || second.compare(next) >= 0 {
			t.Fatalf("the parts %s and %s of %s are not before %s", first, second, batch, next)
		}
		if second.compare(batch.lastPart()) > 0 {
			t.Fatalf("%s is behind the last part %s", second, batch.lastPart())
		}
		bits--
		batch = first
		if turn%2 == 1 {
			batch = second
		} else {
			next = second
		}
	}
}

func TestIDsAreUUIDsOfTheirVersions(t *testing.T) {
	var ids idMaker
	for version, made := range map[byte]id{'7': ids.nextBatch(), '4': randomID()} {
		text := made.String()
		if len(text) != 36 || text[14] != version || text[19] < '8' || text[19] > 'b' {
			t.Errorf("%s is no UUIDv%c", text, version)
		}
		if read, err := parseID(text); err != nil || read != made {
			t.Errorf("%s is read as %s: %v", text, read, err)
		}
	}
}

func TestIDsRiseWhenTheClockIsSetBack(t *testing.T) {
	var ids idMaker
	early := ids.next()
	ids.last += 1 << 32 // what an earlier run has left, by a clock that was ahead
	late := ids.nextBatch()
	var restarted idMaker
	restarted.startAfter(late)
	if next := restarted.next(); early.compare(late) >= 0 || late.compare(next) >= 0 {
		t.Errorf("%s, %s and %s do not rise", early, late, next)
	}
}

func TestWhatIsNoIDIsRefused(t *testing.T) {
	for _, text := range []string{"", "x", "0190b8a4-1111-7000-8000-00000000000", "0190B8A4-1111-7000-8000-000000000000"} {
		if _, err := parseID(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
