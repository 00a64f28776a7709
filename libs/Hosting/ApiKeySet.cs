using System.Security.Cryptography;
using System.Text;

namespace Dapr.Voice.Hosting;

/// <summary>The API keys of app servers, stored as hashes. The keys themselves are not kept.</summary>
public sealed class ApiKeySet
{
    /// <summary>A key must come from a random generator. A shorter one is a password that somebody invented.</summary>
    public const int MinimumKeyLength = 16;

    private readonly byte[][] _hashes;

    private ApiKeySet(byte[][] hashes) => _hashes = hashes;

    public int Count => _hashes.Length;

    /// <summary>Reads keys separated by commas.</summary>
    /// <param name="error">What is wrong. It does not contain the key.</param>
    public static bool TryParse(string? secretText, out ApiKeySet? keys, out string? error)
    {
        string[] entries = (secretText ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        keys = null;
        error = entries switch
        {
            [] => "it has no key",
            _ when entries.Any(entry => entry.Length < MinimumKeyLength) => $"a key in it is shorter than {MinimumKeyLength} characters",
            _ when entries.Any(entry => entry.Any(c => c is <= ' ' or > '~')) =>
                "a key in it has a character that an HTTP header can't contain",
            _ => null,
        };
        if (error is not null) return false;
        keys = new([.. entries.Select(Hash)]);
        return true;
    }

    /// <summary>
    /// Finds a key's place in the list, from 0. It compares with every key, so that the time it takes reveals only the number of keys.
    /// </summary>
    public bool TryFind(string key, out int index)
    {
        byte[] hash = Hash(key);
        index = -1;
        for (int i = 0; i < _hashes.Length; i++)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, _hashes[i])) index = i;
        }
        return index >= 0;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
