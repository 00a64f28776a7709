using System.Globalization;
using System.Text.Json;
using Dapr.Voice.Steering;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Dapr.Voice.Signaling.Keys;

/// <summary>
/// Issues and checks ephemeral keys. A key is <c>ek_</c> and a JWT that is signed with HMAC-SHA256 under the token key ring.
/// </summary>
internal sealed class EphemeralKeys(KeyRing ring, TimeProvider time)
{
    public const string Prefix = "ek_";
    private const string Issuer = "dapr-voice", Audience = "realtime";
    private const string RegionClaim = "region", AgentClaim = "agent", LimitClaim = "max_session_seconds", SessionClaim = "session";
    private const int MaximumTokenBytes = 24 * 1024;

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
            int.TryParse(kid, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && ring.TryGetKey(id, out ReadOnlySpan<byte> key)
            ? [new SymmetricSecurityKey(key.ToArray())] : [],
    };

    public string Issue(EphemeralKey grant)
    {
        ring.TryGetKey(ring.CurrentId, out ReadOnlySpan<byte> key);
        var claims = new Dictionary<string, object>
        {
            [JwtRegisteredClaimNames.Jti] = grant.Id,
            [RegionClaim] = grant.Region,
            [LimitClaim] = grant.MaximumSessionSeconds,
        };
        if (grant.Agent is { } agent) claims[AgentClaim] = agent;
        // The claim is a string, so that the session comes back byte for byte, however a JSON library treats numbers and escapes.
        if (grant.Session is { } session) claims[SessionClaim] = session.GetRawText();
        string token = _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            IssuedAt = time.GetUtcNow().UtcDateTime,
            Expires = grant.ExpiresAt.UtcDateTime,
            Claims = claims,
            SigningCredentials = new(new SymmetricSecurityKey(key.ToArray()) {
                KeyId = ring.CurrentId.ToString(CultureInfo.InvariantCulture) }, SecurityAlgorithms.HmacSha256),
        });
        return Prefix + token;
    }

    /// <param name="text">The key with its prefix.</param>
    /// <returns>The key is also there if it has expired, and null if it is invalid.</returns>
    public async Task<(EphemeralKeyOutcome Outcome, EphemeralKey? Key)> CheckAsync(string text)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.Length > MaximumTokenBytes)
            return (EphemeralKeyOutcome.Invalid, null);
        TokenValidationResult result = await _handler.ValidateTokenAsync(text[Prefix.Length..], _parameters);
        if (!result.IsValid || result.SecurityToken is not JsonWebToken token || token.ValidTo == default)
            return (EphemeralKeyOutcome.Invalid, null);

        var expiresAt = new DateTimeOffset(DateTime.SpecifyKind(token.ValidTo, DateTimeKind.Utc));
        if (!token.TryGetPayloadValue(RegionClaim, out string region) || !token.TryGetPayloadValue(LimitClaim, out int seconds))
            return (EphemeralKeyOutcome.Invalid, null);

        token.TryGetPayloadValue(AgentClaim, out string? agent);
        JsonElement? session = token.TryGetPayloadValue(SessionClaim, out string? json) && json is not null ? JsonElement.Parse(json)
            : null;
        EphemeralKeyOutcome outcome = time.GetUtcNow() > expiresAt + ClockSkew ? EphemeralKeyOutcome.Expired : EphemeralKeyOutcome.Valid;
        return (outcome, new(token.Id, region, agent, seconds, session, expiresAt));
    }
}
