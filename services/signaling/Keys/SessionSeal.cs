using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Steering;

namespace Dapr.Voice.Signaling.Keys;

/// <summary>
/// Seals the session of an ephemeral key, so that only signaling can read it. The key of the seal is derived from the signing key and
/// rotates with it. The id of the ephemeral key is bound in: a sealed session can't be moved into another key.
/// </summary>
internal static class SessionSeal
{
    private static ReadOnlySpan<byte> Purpose => "dapr-voice ephemeral key: session"u8;

    /// <returns>base64url of an <see cref="AuthenticatedSeal"/>.</returns>
    public static string Seal(ReadOnlySpan<byte> session, string keyId, ReadOnlySpan<byte> signingKey)
        => Base64Url.EncodeToString(AuthenticatedSeal.Seal(
            session, Encoding.UTF8.GetBytes(keyId), signingKey, Purpose, RandomNumberGenerator.GetBytes(AuthenticatedSeal.NonceBytes)));

    /// <returns>The session, or null if the text was not sealed by <see cref="Seal"/> with the same key and id.</returns>
    public static byte[]? Open(string text, string keyId, ReadOnlySpan<byte> signingKey)
        => Base64Url.IsValid(text)
            ? AuthenticatedSeal.TryOpen(Base64Url.DecodeFromChars(text), Encoding.UTF8.GetBytes(keyId), signingKey, Purpose)
            : null;
}
