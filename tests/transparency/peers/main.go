// Command peers lets other implementations of transparency logs judge files. It prints one line, "ok" or what is wrong,
// and exits with 0 or 1.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var commands = map[string]struct {
	arguments string
	run       func(arguments []string) error
}{
	"fsck":        {"LOG-DIRECTORY VKEY-FILE SECONDS", checkWithFsck},
	"walk":        {"LOG-DIRECTORY VKEY-FILE", walk},
	"proof":       {"PROOF-FILE ENTRY-FILE POLICY-FILE", checkProof},
	"note":        {"NOTE-FILE VKEY", checkNote},
	"cosigned":    {"NOTE-FILE POLICY-FILE", checkCosigned},
	"inclusion":   {"LEAF INDEX SIZE ROOT HASH...", checkInclusion},
	"consistency": {"OLD OLD-ROOT NEW NEW-ROOT HASH...", checkConsistency},
	"agent":       {"SOCKET SEED", serveAgent},
}

func main() {
	if len(os.Args) > 1 {
		if command, found := commands[os.Args[1]]; found {
			if len(os.Args)-2 < strings.Count(strings.TrimSuffix(command.arguments, " HASH..."), " ")+1 {
				fmt.Println("usage: peers", os.Args[1], command.arguments)
				os.Exit(2)
			}
			if err := command.run(os.Args[2:]); err != nil {
				fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
				os.Exit(1)
			}
			fmt.Println("ok")
			return
		}
	}
	for name, command := range commands {
		fmt.Println("usage: peers", name, command.arguments)
	}
	os.Exit(2)
}

// checkWithFsck lets tessera rebuild a log from its entries. On some damaged logs it does not end, and on some it
// panics: both are answers here.
func checkWithFsck(arguments []string) error {
	verifier, err := verifierFrom(arguments[1])
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if reason := recover(); reason != nil {
				done <- fmt.Errorf("fsck panicked: %v", reason)
			}
		}()
		fetcher := &client.FileFetcher{Root: arguments[0]}
		check := fsck.New(verifier.Name(), verifier, fetcher, leafHashes, fsck.Opts{N: 2})
		done <- check.Check(context.Background())
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Duration(seconds) * time.Second):
		return errors.New("fsck did not end")
	}
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var entries api.EntryBundle
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var hashes [][]byte
	for _, entry := range entries.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

// walk lets torchwood read and authenticate every entry below the checkpoint.
func walk(arguments []string) error {
	verifier, err := verifierFrom(arguments[1])
	if err != nil {
		return err
	}
	signed, err := os.ReadFile(arguments[0] + "/checkpoint")
	if err != nil {
		return err
	}
	policy := torchwood.ThresholdPolicy(2,
		torchwood.OriginPolicy(verifier.Name()), torchwood.SingleVerifierPolicy(verifier))
	checkpoint, _, err := torchwood.VerifyCheckpoint(signed, policy)
	if err != nil {
		return err
	}
	if checkpoint.N == 0 {
		if checkpoint.Hash != tlog.Hash(rfc6962.DefaultHasher.EmptyRoot()) {
			return errors.New("another root of an empty log")
		}
		return nil
	}
	tiles, err := torchwood.NewTileFS(os.DirFS(arguments[0]))
	if err != nil {
		return err
	}
	reader, err := torchwood.NewClient(tiles)
	if err != nil {
		return err
	}
	count := int64(0)
	for range reader.AllEntries(context.Background(), checkpoint.Tree, 0) {
		count++
	}
	if reader.Err() == nil && count != checkpoint.N {
		return fmt.Errorf("%d entries of %d", count, checkpoint.N)
	}
	return reader.Err()
}

// checkProof lets torchwood verify a tlog-proof of an entry under a policy.
func checkProof(arguments []string) error {
	files, err := read(arguments...)
	if err != nil {
		return err
	}
	policy, err := torchwood.ParsePolicy(files[2])
	if err != nil {
		return err
	}
	return torchwood.VerifyProof(policy, tlog.RecordHash(files[1]), files[0])
}

// checkNote lets the note package of Go's own checksum database open a note.
func checkNote(arguments []string) error {
	files, err := read(arguments[0])
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(arguments[1])
	if err != nil {
		return err
	}
	_, err = note.Open(files[0], note.VerifierList(verifier))
	return err
}

// checkCosigned lets torchwood hold a checkpoint against a policy.
func checkCosigned(arguments []string) error {
	files, err := read(arguments...)
	if err != nil {
		return err
	}
	policy, err := torchwood.ParsePolicy(files[1])
	if err != nil {
		return err
	}
	_, _, err = torchwood.VerifyCheckpoint(files[0], policy)
	return err
}

// checkInclusion asks two libraries about an inclusion proof; they have to agree.
func checkInclusion(arguments []string) error {
	index, size, err := numbers(arguments[1], arguments[2])
	if err != nil {
		return err
	}
	hashes, err := hashesOf(append([]string{arguments[0], arguments[3]}, arguments[4:]...))
	if err != nil {
		return err
	}
	var path tlog.RecordProof
	var raw [][]byte
	for _, hash := range hashes[2:] {
		path = append(path, hash)
		raw = append(raw, hash[:])
	}
	return agreed(
		tlog.CheckRecord(path, size, hashes[1], index, hashes[0]),
		proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), hashes[0][:], raw, hashes[1][:]),
	)
}

// checkConsistency asks two libraries about a consistency proof; they have to agree.
func checkConsistency(arguments []string) error {
	before, after, err := numbers(arguments[0], arguments[2])
	if err != nil {
		return err
	}
	hashes, err := hashesOf(append([]string{arguments[1], arguments[3]}, arguments[4:]...))
	if err != nil {
		return err
	}
	var path tlog.TreeProof
	var raw [][]byte
	for _, hash := range hashes[2:] {
		path = append(path, hash)
		raw = append(raw, hash[:])
	}
	return agreed(
		tlog.CheckTree(path, after, hashes[1], before, hashes[0]),
		proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(before), uint64(after), raw, hashes[0][:], hashes[1][:]),
	)
}

// serveAgent is an ssh-agent with one key, for a witness that takes its key from there. It prints the key's
// fingerprint and serves until its input ends.
func serveAgent(arguments []string) error {
	seed, err := hex.DecodeString(arguments[1])
	if err != nil {
		return err
	}
	key := ed25519.NewKeyFromSeed(seed)
	keyring := agent.NewKeyring()
	if err := keyring.Add(agent.AddedKey{PrivateKey: &key}); err != nil {
		return err
	}
	listener, err := net.Listen("unix", arguments[0])
	if err != nil {
		return err
	}
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		return err
	}
	fmt.Println(ssh.FingerprintSHA256(public))
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(keyring, connection)
		}
	}()
	bufio.NewReader(os.Stdin).ReadString('\n')
	return listener.Close()
}

func verifierFrom(path string) (note.Verifier, error) {
	files, err := read(path)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(string(bytes.TrimSpace(files[0])))
}

func read(paths ...string) ([][]byte, error) {
	var files [][]byte
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, content)
	}
	return files, nil
}

func numbers(one, other string) (int64, int64, error) {
	first, err := strconv.ParseInt(one, 10, 64)
	if err != nil {
		return 0, 0, err
	}
	second, err := strconv.ParseInt(other, 10, 64)
	return first, second, err
}

func hashesOf(texts []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, text := range texts {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(raw) != tlog.HashSize {
			return nil, fmt.Errorf("%q is not a hash", text)
		}
		hashes = append(hashes, tlog.Hash(raw))
	}
	return hashes, nil
}

func agreed(one, other error) error {
	if (one == nil) != (other == nil) {
		return fmt.Errorf("two libraries differ: %v / %v", one, other)
	}
	return one
}
