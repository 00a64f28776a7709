param location string = resourceGroup().location


@secure()
param key string

resource id 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-voice'
  location: location
  tags: { key: key } // expect: secret-in-plain-sight on id-voice tags.key
}
