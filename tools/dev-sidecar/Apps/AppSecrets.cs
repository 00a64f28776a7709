using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.DevSidecar.Secrets;


namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>
/// Reads the secret stores of one app id. Both transports call it. Every method may throw <see cref="ApiException"/>. Any thread.
/// </summary>
internal sealed class AppSecrets(string appId, SharedComponents components)
{
    /// <summary>The values of one secret.</summary>
    public IReadOnlyDictionary<string, string> Get(string storeName, string key)
    {
        string what = $"failed getting secret with key {key} from secret store {storeName}";
        return Read(storeName, what, store => store.Get(key))
            ?? throw new ApiException(ApiError.SecretGet, $"{what}: secret {key} not found");
    }

    /// <summary>Every secret of the store.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> All(string storeName)
        => Read(storeName, $"failed getting secrets from secret store {storeName}", store => store.All());

    private T Read<T>(string storeName, string what, Func<SecretStore, T> read)
    {
        if (!components.TryGetSecrets(storeName, appId, out SecretStore store))
        {
            throw components.HasAny("secretstores", appId)
                ? new ApiException(ApiError.SecretStoreNotFound, $"failed finding secret store with key {storeName}")
                : new ApiException(ApiError.SecretStoreNotConfigured, "secret store is not configured");
        }
        components.Calls.Note(appId, "secret", storeName, storeName);
        try
        {
            return read(store);
        }
        catch (Exception e) when (e is ResourceException or IOException or UnauthorizedAccessException)
        {
            throw new ApiException(ApiError.SecretGet, $"{what}: {e.Message}");
        }
    }
}
