package agent

import "fmt"

// didYouMean names the nearest of some names, unless none is near.
func didYouMean(name string, names []string) string {
	best, least := "", len(name)
	for _, candidate := range names {
		distance := editDistance(name, candidate)
		if distance < least && 2*distance <= max(len(name), len(candidate)) {
			best, least = candidate, distance
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %s?", best)
}

// editDistance is the number of characters to insert, delete or replace (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
