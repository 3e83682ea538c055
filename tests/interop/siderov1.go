package main

import (
	"crypto"
	"errors"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgpcrypto "github.com/ProtonMail/gopenpgp/v2/crypto"
	signed "github.com/siderolabs/go-api-signature/pkg/message"
	"github.com/siderolabs/go-api-signature/pkg/pgp"
	"github.com/siderolabs/go-api-signature/pkg/serviceaccount"
	"google.golang.org/grpc/metadata"
)

type siderov1Request struct {
	Op string `json:"op"` // key | verify

	// key only; the kind is "" (what talosctl makes), ed25519, rsa, ed448 or locked
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Seconds uint32 `json:"seconds"`

	// verify only
	Key     string              `json:"key"`
	Method  string              `json:"method"`
	Headers map[string][]string `json:"headers"`
}

type siderov1Answer struct {
	Key            string `json:"key,omitempty"`
	Fingerprint    string `json:"fingerprint,omitempty"`
	ServiceAccount string `json:"service_account,omitempty"`
	Identity       string `json:"identity,omitempty"`
	Error          string `json:"error"`
}

// siderov1 makes keys as Talos' clients do, and verifies calls as Omni does.
func siderov1(request siderov1Request) siderov1Answer {
	var (
		answer siderov1Answer
		err    error
	)

	switch request.Op {
	case "key":
		err = newSigningKey(request, &answer)
	case "verify":
		err = verifyCall(request, &answer)
	default:
		err = errors.New("op is key or verify")
	}

	if err != nil {
		answer.Error = err.Error()
	}

	return answer
}

func newSigningKey(request siderov1Request, answer *siderov1Answer) error {
	key, err := pgp.GenerateKey("interop", "", request.Name, time.Duration(request.Seconds)*time.Second)

	algorithm := map[string]packet.PublicKeyAlgorithm{
		"ed25519": packet.PubKeyAlgoEd25519,
		"ed448":   packet.PubKeyAlgoEd448,
		"rsa":     packet.PubKeyAlgoRSA,
	}[request.Kind]
	if algorithm != 0 {
		key, err = keyOf(algorithm, request)
	}

	if err != nil {
		return err
	}

	if answer.ServiceAccount, err = serviceaccount.Encode(request.Name, key); err != nil {
		return err
	}

	answer.Fingerprint = key.Fingerprint()
	answer.Key, err = key.Armor()

	if err == nil && request.Kind == "locked" {
		answer.Key, err = lock(answer.Key)
	}

	return err
}

func keyOf(algorithm packet.PublicKeyAlgorithm, request siderov1Request) (*pgp.Key, error) {
	entity, err := openpgp.NewEntity("interop", "", request.Name, &packet.Config{
		Algorithm:       algorithm,
		DefaultHash:     crypto.SHA512,
		KeyLifetimeSecs: request.Seconds,
	})
	if err != nil {
		return nil, err
	}

	key, err := pgpcrypto.NewKeyFromEntity(entity)
	if err != nil {
		return nil, err
	}

	return pgp.NewKey(key)
}

func lock(armored string) (string, error) {
	key, err := pgpcrypto.NewKeyFromArmored(armored)
	if err != nil {
		return "", err
	}

	locked, err := key.Lock([]byte("passphrase"))
	if err != nil {
		return "", err
	}

	return locked.Armor()
}

func verifyCall(request siderov1Request, answer *siderov1Answer) error {
	armored, err := pgpcrypto.NewKeyFromArmored(request.Key)
	if err != nil {
		return err
	}

	public, err := armored.ToPublic()
	if err != nil {
		return err
	}

	key, err := pgp.NewKey(public)
	if err != nil {
		return err
	}

	call := signed.NewGRPC(metadata.MD(request.Headers), request.Method)

	signature, err := call.Signature()
	if err != nil {
		return err
	}

	answer.Identity = signature.Identity
	answer.Fingerprint = signature.KeyFingerprint

	if signature.KeyFingerprint != key.Fingerprint() {
		return errors.New("the fingerprint is of another key")
	}

	return call.VerifySignature(key)
}
