param location string = resourceGroup().location


resource id 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-31' = { // expect: arm-unknown-version
  name: 'id-voice'
  location: location
}
