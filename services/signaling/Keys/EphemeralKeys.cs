using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Dapr.Voice.Signaling.Http;
using Dapr.Voice.Steering;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Dapr.Voice.Signaling.Keys;

/// <summary>
/// Issues and checks ephemeral keys. A key is <c>ek_</c> and a JWT that is signed with HMAC-SHA256 under the token key ring. Its session is
/// sealed, because a page holds the key, and a session may contain prompts and credentials of tools (docs/decisions/0024).
/// </summary>
internal sealed class EphemeralKeys(KeyRing ring, TimeProvider time)
{
    public const string Prefix = "ek_";

    // The audience is new with the sealed session. A replica that is older refuses such a key. It would start a session without the prompt
    // if it accepted the key.
    private const string Issuer = "dapr-voice", Audience = "realtime-2";
    private const int MaximumTokenBytes = 24 * 1024;

    /// <summary>A key that expires later than this is not ours. An hour is left for clocks that differ.</summary>
    private const int LongestLifeSeconds = EphemeralKey.MaximumSeconds + 3600;

    // The clocks of two regions differ a little. A key refused for that would be a failed call without a reason that a caller can see.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);

    private readonly JsonWebTokenHandler _handler = new() {
        MaximumTokenSizeInBytes = MaximumTokenBytes, SetDefaultTimesOnTokenCreation = false };
    private readonly TokenValidationParameters _parameters = new()
    {
        ValidIssuer = Issuer,
        ValidAudience = Audience,
        ValidTypes = ["JWT"],
        ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
        RequireSignedTokens = true,
        // The expiry is checked below with our own clock, so that it has its own outcome.
        ValidateLifetime = false,
        IssuerSigningKeyResolver = (_, _, kid, _) =>
            TryReadId(kid, out int id) && ring.TryGetKey(id, out ReadOnlySpan<byte> key) ? [new SymmetricSecurityKey(key.ToArray())] : [],
    };

    public string Issue(EphemeralKey grant)
    {
        ring.TryGetKey(ring.CurrentId, out ReadOnlySpan<byte> key);
        var claims = new EphemeralKeyClaims(Issuer, Audience, time.GetUtcNow().ToUnixTimeSeconds(), grant.ExpiresAt.ToUnixTimeSeconds(),
            grant.Id, grant.Region, grant.MaximumSessionSeconds, grant.Agent,
            // The text of the session, so that it comes back byte for byte, however a JSON library treats numbers and escapes.
            grant.Session is { } session ? SessionSeal.Seal(Encoding.UTF8.GetBytes(session.GetRawText()), grant.Id, key) : null);
        var signing = new SymmetricSecurityKey(key.ToArray()) { KeyId = ring.CurrentId.ToString(CultureInfo.InvariantCulture) };
        return Prefix + _handler.CreateToken(JsonSerializer.Serialize(claims, EphemeralKeyJson.Default.EphemeralKeyClaims),
            new SigningCredentials(signing, SecurityAlgorithms.HmacSha256));
    }

    /// <summary>Checks a key. Nothing in it can make this throw, also if its signature is genuine.</summary>
    /// <param name="text">The key with its prefix.</param>
    /// <returns>The key is also there if it has expired, and null if it is invalid.</returns>
    public async Task<(EphemeralKeyOutcome Outcome, EphemeralKey? Key)> CheckAsync(string text)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.Length > MaximumTokenBytes)
            return (EphemeralKeyOutcome.Invalid, null);
        TokenValidationResult result = await _handler.ValidateTokenAsync(text[Prefix.Length..], _parameters);
        if (!result.IsValid || result.SecurityToken is not JsonWebToken token || !TryReadId(token.Kid, out int id)
            || ReadClaims(token) is not { } claims || !TryReadGrant(claims, id, out EphemeralKey? grant))
            return (EphemeralKeyOutcome.Invalid, null);
        return (time.GetUtcNow() > grant.ExpiresAt + ClockSkew ? EphemeralKeyOutcome.Expired : EphemeralKeyOutcome.Valid, grant);
    }

    /// <summary>Returns null if the payload is not what <see cref="Issue"/> writes.</summary>
    private static EphemeralKeyClaims? ReadClaims(JsonWebToken token)
    {
        try
        {
            return RequestBody.ReadJson(Base64UrlEncoder.DecodeBytes(token.EncodedPayload), EphemeralKeyJson.Default.EphemeralKeyClaims);
        }
        catch (Exception notOurs) when (notOurs is JsonException or FormatException)
        {
            return null;
        }
    }

    private bool TryReadGrant(EphemeralKeyClaims claims, int id, [NotNullWhen(true)] out EphemeralKey? grant)
    {
        grant = null;
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        if (claims.Jti.Length == 0 || claims.Region.Length == 0 || claims.MaxSessionSeconds < 1
            || claims.Agent is { } agent && !AgentName.IsValid(agent)
            || claims.Exp < 0 || claims.Exp > now + LongestLifeSeconds) return false;
        JsonElement? session = null;
        if (claims.Sealed is { } sealedSession)
        {
            if (!ring.TryGetKey(id, out ReadOnlySpan<byte> key) || SessionSeal.Open(sealedSession, claims.Jti, key) is not { } json)
                return false;
            try
            {
                session = RequestBody.ReadJson(json, EphemeralKeyJson.Default.JsonElement);
                if (session is not { ValueKind: JsonValueKind.Object }) return false;
            }
            catch (JsonException)
            {
                return false;
            }
        }
        grant = new(claims.Jti, claims.Region, claims.Agent, claims.MaxSessionSeconds, session,
            DateTimeOffset.FromUnixTimeSeconds(claims.Exp));
        return true;
    }

    private static bool TryReadId(string? kid, out int id) => int.TryParse(kid, NumberStyles.None, CultureInfo.InvariantCulture, out id);
}
