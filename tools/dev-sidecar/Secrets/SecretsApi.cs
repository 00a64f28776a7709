using System.Text.Json;

namespace Dapr.Voice.DevSidecar;

/// <summary><c>/v1.0/secrets/…</c> of one app id.</summary>
internal sealed class SecretsApi(string appId, SharedComponents components)
{
    public Task GetAsync(HttpContext context, string name, string key)
    {
        if (!components.TryGetSecrets(name, appId, out var store)) return NotFound(context, name);
        try
        {
            return store.Get(key) is { } secret
                ? Responses.Json(context, 200, JsonSerializer.SerializeToUtf8Bytes(secret))
                : Responses.Error(context, 500, "ERR_SECRET_GET", $"failed getting secret with key {key} from secret store {name}: secret {key} not found");
        }
        catch (Exception e) when (e is ResourceException or IOException or UnauthorizedAccessException)
        {
            return Responses.Error(context, 500, "ERR_SECRET_GET", $"failed getting secret with key {key} from secret store {name}: {e.Message}");
        }
    }

    public Task BulkAsync(HttpContext context, string name)
    {
        if (!components.TryGetSecrets(name, appId, out var store)) return NotFound(context, name);
        try
        {
            return Responses.Json(context, 200, JsonSerializer.SerializeToUtf8Bytes(store.All()));
        }
        catch (Exception e) when (e is ResourceException or IOException or UnauthorizedAccessException)
        {
            return Responses.Error(context, 500, "ERR_SECRET_GET", $"failed getting secrets from secret store {name}: {e.Message}");
        }
    }

    private Task NotFound(HttpContext context, string name) => components.HasAny("secretstores", appId)
        ? Responses.Error(context, 401, "ERR_SECRET_STORE_NOT_FOUND", $"failed finding secret store with key {name}")
        : Responses.Error(context, 500, "ERR_SECRET_STORES_NOT_CONFIGURED", "secret store is not configured");
}
